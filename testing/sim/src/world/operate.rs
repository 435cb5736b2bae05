//! An operator at work: reservations, forwards, leases taken back, through any node.

use super::arena::{World, name};
use crate::client::TrueTime;
use crate::scenario::SUBNET;
use fastrand::Rng;
use ipam::{
    ClientIdentity, ClientKey, ClusterTime, Command, Forward, ForwardKey, ForwardTarget, GrantRef,
    HardwareAddress, Lease, LeaseState, Protocol, ReleaseLease, State,
};
use std::net::Ipv4Addr;

/// Commands of an operator's at once.
const MOST_AT_ONCE: u8 = 12;

impl World {
    /// An operator works through a list.
    pub(super) fn operate(&mut self, random: &mut Rng) {
        for _ in 0..random.u8(1..=MOST_AT_ONCE) {
            self.operate_once(random);
        }
    }

    fn operate_once(&mut self, random: &mut Rng) {
        let command = match random.u8(0..12) {
            0 => self.forged_release(random),
            1 => self.late_release(random),
            2 | 3 => self.mistaken_command(random),
            _ => None,
        };
        let command = command.unwrap_or_else(|| self.operators_command(random));
        let hosts = self.nodes.values().filter(|node| node.is_up());
        let hosts: Vec<_> = hosts.map(|node| node.host).collect();
        if hosts.is_empty() {
            return;
        }
        let host = hosts[random.usize(0..hosts.len())];
        self.trace
            .note(name(host), format_args!("an operator asks: {command:?}"));
        self.observer.judge.operator(TrueTime(self.now), &command);
        let (trace, sightings) = (self.trace.clone(), self.sightings.clone());
        let Some(node) = self.nodes.get(&host) else {
            return;
        };
        node.spawn(|cluster| {
            Box::pin(async move {
                let outcome = cluster.propose(command).await;
                if let Ok(outcome) = &outcome {
                    sightings.outcome(outcome);
                }
                trace.note(name(host), format_args!("the operator hears: {outcome:?}"));
            })
        });
    }

    /// A RELEASE that names the very grant of somebody else: no packet becomes one, but the state
    /// machine must refuse it all the same (S7).
    fn forged_release(&self, random: &mut Rng) -> Option<Command> {
        let cluster = self.nodes.values().find_map(|node| node.cluster())?;
        let residents = &self.neighbours.residents;
        let other = &residents[random.usize(0..residents.len())].client();
        let client = ClientIdentity {
            hardware: HardwareAddress::ethernet(other.hardware()),
            identifier: None,
        };
        let key = self.scenario.bootstrap.subnet.identity.key(&client);
        let (address, grant) = cluster.read(|state| {
            let leases = state.subnets().get(&SUBNET)?.leases();
            let mut others = leases
                .iter()
                .filter(|(_, lease)| lease.client != key && lease.client != *other.key());
            others.find_map(|(address, lease)| Some((address, grant_of(lease)?)))
        })?;
        Some(Command::ReleaseLease(ReleaseLease {
            subnet: SUBNET,
            client,
            address,
            grant,
            xid: Some(random.u32(..)),
        }))
    }

    /// A RELEASE of a client's own address that names an earlier grant of it: it comes too late, and the
    /// lease goes on (S7).
    fn late_release(&self, random: &mut Rng) -> Option<Command> {
        let cluster = self.nodes.values().find_map(|node| node.cluster())?;
        let policy = self.scenario.bootstrap.subnet.identity;
        let of = |lease: &Lease| ClientIdentity {
            hardware: lease.hardware.clone(),
            identifier: None,
        };
        let mut leases: Vec<_> = cluster.read(|state| {
            let leases = state.subnets().get(&SUBNET)?.leases().iter();
            let plain = leases.filter(|(_, lease)| policy.key(&of(lease)) == lease.client);
            let granted =
                plain.filter_map(|(address, lease)| Some((address, of(lease), grant_of(lease)?)));
            Some(granted.collect())
        })?;
        random.shuffle(&mut leases);
        let (address, client, grant) = leases.pop()?;
        let granted = ClusterTime(grant.granted.0.saturating_sub(1));
        Some(Command::ReleaseLease(ReleaseLease {
            subnet: SUBNET,
            client,
            address,
            grant: GrantRef { granted, ..grant },
            xid: Some(random.u32(..)),
        }))
    }

    fn operators_command(&self, random: &mut Rng) -> Command {
        let residents = &self.neighbours.residents;
        let client = residents[random.usize(0..residents.len())]
            .client()
            .key()
            .clone();
        let pool = self.scenario.bootstrap.subnet.pool;
        let address = random.u32(pool.first().to_bits()..=pool.last().to_bits());
        let address = Ipv4Addr::from_bits(address);
        let key = ForwardKey {
            protocol: Protocol::Tcp,
            port: random.u16(1..=4),
        };
        match random.u8(0..6) {
            0 => Command::AddReservation {
                subnet: SUBNET,
                client,
                address,
            },
            1 => Command::RemoveReservation {
                subnet: SUBNET,
                client,
            },
            2 | 3 => Command::AddForward {
                key,
                forward: forward_to(client, random),
                // Refusals are among the mistakes.
                force: true,
            },
            4 => Command::RemoveForward(key),
            _ => Command::RevokeLease {
                subnet: SUBNET,
                // As it is being granted, where one is.
                address: self.offered_address(random).unwrap_or(address),
                keep_record: true,
            },
        }
    }

    /// An address that waits for its DHCPREQUEST; none every other time.
    fn offered_address(&self, random: &mut Rng) -> Option<Ipv4Addr> {
        let wanted = random.bool();
        let is_offered = |lease: &Lease| matches!(lease.state, LeaseState::Offered { .. });
        self.addresses(is_offered).pop().filter(|_| wanted)
    }

    /// The addresses whose leases are such, in the newest state.
    pub(super) fn addresses(&self, such: impl Fn(&Lease) -> bool) -> Vec<Ipv4Addr> {
        let look = |state: &State| -> Vec<Ipv4Addr> {
            let subnet = state.subnets().get(&SUBNET);
            let leases = subnet.into_iter().flat_map(|subnet| subnet.leases().iter());
            let such = leases.filter(|(_, lease)| such(lease));
            such.map(|(address, _)| address).collect()
        };
        self.observer.judge.newest(look).1
    }
}

/// The grant of a bound lease.
fn grant_of(lease: &Lease) -> Option<GrantRef> {
    let LeaseState::Bound { granted, .. } = lease.state else {
        return None;
    };
    let node = lease.node;
    Some(GrantRef { granted, node })
}

fn forward_to(client: ClientKey, random: &mut Rng) -> Forward {
    let target = ForwardTarget::Client {
        subnet: SUBNET,
        client,
    };
    Forward {
        target,
        target_port: random.u16(1..=9999),
    }
}
