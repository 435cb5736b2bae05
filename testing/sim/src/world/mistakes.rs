//! An operator's mistakes: commands that the state machine refuses, each for another reason.

use super::arena::World;
use super::operate::{ask, revoke};
use crate::network::Host;
use crate::scenario::{SUBNET, listen_ip};
use fastrand::Rng;
use ipam::{
    AnyKey, Change, ClientIdentifier, ClientKey, Command, Forward, ForwardKey, ForwardTarget,
    HardwareAddress, IdentityPolicy, LeaseState, Protocol, Reservation, ReservationKey, State,
    SubnetConfig, SubnetId,
};
use std::net::Ipv4Addr;

/// Not on this link.
pub(super) const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// There is no such subnet.
const UNKNOWN: SubnetId = SubnetId(9);
/// Leases in the state, at least, for a change of the subnet to be sure of its refusal.
const IN_USE: usize = 4;

impl World {
    /// One of them; none if it would be no mistake now.
    pub(super) fn mistaken_command(&self, random: &mut Rng) -> Option<Command> {
        match random.u8(0..5) {
            0 => self.mistaken_reservation(random),
            1 => self.mistaken_forward(random),
            2 => Some(about_nothing(random)),
            _ => self.mistaken_subnet(random),
        }
    }

    fn mistaken_reservation(&self, random: &mut Rng) -> Option<Command> {
        let hosts: Vec<Host> = self.scenario.hosts().collect();
        let host = hosts[random.usize(0..hosts.len())];
        let router = self.scenario.bootstrap.subnet.router;
        let nobody = ClientKey::Hardware(HardwareAddress::ethernet([2, 0xaa, 0, 0, 0, 1]));
        let unnamed = ClientIdentifier::new(b"nobody").map(ClientKey::Identifier);
        let squatter = random.choice(&self.scenario.squatters);
        let reserved = self.reservation(random);
        let kind = random.u8(0..8);
        let have_theirs = self.all_vote() && !self.faults.free_listen_ips(self.now);
        if matches!(kind, 2 | 7) && !have_theirs {
            return None;
        }
        let (subnet, client, address) = match kind {
            0 => (UNKNOWN, nobody, ELSEWHERE),
            1 => (SUBNET, nobody, ELSEWHERE),
            2 => (SUBNET, nobody, listen_ip(host)),
            3 => (SUBNET, nobody, router),
            4 | 5 => {
                let (client, address) = reserved.unwrap_or((nobody.clone(), router));
                match random.bool() {
                    true => (SUBNET, client, Ipv4Addr::from_bits(address.to_bits() ^ 1)),
                    false => (SUBNET, nobody, address),
                }
            }
            // Nothing refuses it, and the client cannot have it.
            6 => {
                let residents = &self.neighbours.residents;
                let resident = residents[random.usize(0..residents.len())].client();
                let address = squatter.map_or(router, |squatter| squatter.address);
                (SUBNET, resident.key().clone(), address)
            }
            _ => (SUBNET, unnamed.unwrap_or(nobody), listen_ip(host)),
        };
        let reservation = Reservation {
            subnet,
            client,
            address,
        };
        Some(ask(Change::Create(reservation.into()), false))
    }

    fn mistaken_forward(&self, random: &mut Rng) -> Option<Command> {
        let router = self.scenario.bootstrap.subnet.router;
        let (protocol, port, address) = match random.u8(0..4) {
            0 => (Protocol::Tcp, 0, router),
            1 => {
                let (protocol, port) = self.port_of_the_hosts(random)?;
                (protocol, port, self.leased_address(random)?)
            }
            2 => (Protocol::Tcp, 1, router),
            _ => (Protocol::Tcp, 1, self.leased_address(random)?),
        };
        let forward = Forward {
            key: ForwardKey { protocol, port },
            target: ForwardTarget::Address(address),
            target_port: 80,
        };
        Some(ask(Change::Create(forward.into()), false))
    }

    fn mistaken_subnet(&self, random: &mut Rng) -> Option<Command> {
        let right = self.scenario.bootstrap.subnet.clone();
        let is_in_use = self.addresses(|_| true).len() >= IN_USE;
        let wrong = match random.u8(0..7) {
            0 => return Some(self.scenario.bootstrap.clone().into()),
            1 => SubnetConfig {
                router: ELSEWHERE,
                ..right
            },
            2 => {
                let second = SubnetConfig {
                    id: UNKNOWN,
                    ..right
                };
                return Some(ask(Change::Create(second.into()), false));
            }
            3 => SubnetConfig {
                dns_servers: vec![ELSEWHERE; ipam::budget::MAX_SERVERS + 1],
                ..right
            },
            4 => SubnetConfig {
                domain_name: Some("x".repeat(ipam::budget::MAX_DOMAIN_BYTES + 1)),
                ..right
            },
            5 if is_in_use => {
                let key = AnyKey::SubnetConfig(SUBNET);
                let expected = None;
                return Some(ask(Change::Delete { key, expected }, false));
            }
            6 if is_in_use => SubnetConfig {
                identity: match right.identity {
                    IdentityPolicy::HardwareAddress => IdentityPolicy::ClientIdentifier,
                    IdentityPolicy::ClientIdentifier => IdentityPolicy::HardwareAddress,
                },
                ..right
            },
            _ => return None,
        };
        let change = Change::Replace {
            object: wrong.into(),
            expected: None,
        };
        Some(ask(change, false))
    }

    /// One that the nodes live on; the last is a member's peer port.
    fn port_of_the_hosts(&self, random: &mut Rng) -> Option<(Protocol, u16)> {
        match random.u8(0..4) {
            0 => Some((Protocol::Tcp, 22)),
            1 => Some((Protocol::Udp, 67)),
            2 => Some((Protocol::Udp, 4789)),
            _ => {
                let look = |state: &State| {
                    let ports = state
                        .nodes()
                        .values()
                        .filter_map(ipam::NodeRegistration::peer_port);
                    ports.collect::<Vec<_>>()
                };
                let port = random.choice(self.observer.judge.newest(look).1)?;
                Some((Protocol::Tcp, port))
            }
        }
    }

    fn leased_address(&self, random: &mut Rng) -> Option<Ipv4Addr> {
        random.choice(self.addresses(|lease| matches!(lease.state, LeaseState::Bound { .. })))
    }

    /// Who has a reservation, and of what.
    fn reservation(&self, random: &mut Rng) -> Option<(ClientKey, Ipv4Addr)> {
        let look = |state: &State| -> Vec<(ClientKey, Ipv4Addr)> {
            let subnet = state.subnets().get(&SUBNET);
            let reservations = subnet.map(|subnet| subnet.reservations().iter());
            let reservations = reservations.into_iter().flatten();
            reservations
                .map(|(client, address)| (client.clone(), address))
                .collect()
        };
        random.choice(self.observer.judge.newest(look).1)
    }
}

/// What is not there cannot go.
fn about_nothing(random: &mut Rng) -> Command {
    let key = match random.u8(0..4) {
        0 => AnyKey::Forward(ForwardKey {
            protocol: Protocol::Udp,
            port: 1,
        }),
        1 => AnyKey::Reservation(ReservationKey {
            subnet: UNKNOWN,
            client: ClientKey::Hardware(HardwareAddress::ethernet([2, 0xaa, 0, 0, 0, 2])),
        }),
        2 => return revoke(SUBNET, ELSEWHERE),
        _ => return revoke(UNKNOWN, ELSEWHERE),
    };
    let expected = None;
    ask(Change::Delete { key, expected }, false)
}
