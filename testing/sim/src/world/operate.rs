//! An operator at work: reservations, forwards, leases taken back, through any node.

use super::arena::{World, name};
use super::mistakes::ELSEWHERE;
use crate::client::TrueTime;
use crate::scenario::SUBNET;
use fastrand::Rng;
use ipam::{
    AnyKey, Change, ClientIdentity, ClientKey, ClusterCommand, ClusterTime, Command, Forward,
    ForwardKey, ForwardTarget, GrantRef, HardwareAddress, Lease, LeaseState, NodeId, ObjectCommand,
    Operator, Outcome, Protocol, Registered, ReleaseLease, Reservation, ReservationKey, State,
    Stored, SubnetId,
};
use operator::{Caller, Operations, OperatorError};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Commands of an operator's at once.
const MOST_AT_ONCE: u8 = 12;
/// Where every operator sits.
const ORIGIN: &str = "127.0.0.1:40000";

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
        node.ask(|node| {
            Box::pin(async move {
                let outcome = carry_out(&node, command).await;
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
        Some(Command::from(ReleaseLease {
            subnet: SUBNET,
            client,
            address,
            grant,
            xid: random.u32(..),
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
        Some(Command::from(ReleaseLease {
            subnet: SUBNET,
            client,
            address,
            grant: GrantRef { granted, ..grant },
            xid: random.u32(..),
        }))
    }

    fn operators_command(&self, random: &mut Rng) -> Command {
        let client = self.residents_key(random);
        let pool = self.scenario.bootstrap.subnet.pool;
        let address = random.u32(pool.first().to_bits()..=pool.last().to_bits());
        let address = Ipv4Addr::from_bits(address);
        let key = ForwardKey {
            protocol: Protocol::Tcp,
            port: random.u16(1..=4),
        };
        let reservation = Reservation {
            subnet: SUBNET,
            client: client.clone(),
            address,
        };
        let change = match random.u8(0..8) {
            0 => Change::Create(reservation.into()),
            1 => Change::Delete {
                key: AnyKey::Reservation(ReservationKey {
                    subnet: SUBNET,
                    client,
                }),
                expected: None,
            },
            2 | 3 => Change::Create(forward_to(key, client, random).into()),
            4 => Change::Delete {
                key: AnyKey::Forward(key),
                expected: None,
            },
            5 => self.other_forward(key, client, random),
            6 => self.other_reservation(address, random),
            // As it is being granted, where one is.
            _ => return revoke(SUBNET, self.offered_address(random).unwrap_or(address)),
        };
        // Refusals are among the mistakes.
        ask(change, true)
    }

    /// A forward leads to another client from now on; without one, nothing is there to be replaced.
    fn other_forward(&self, nowhere: ForwardKey, client: ClientKey, random: &mut Rng) -> Change {
        let seen: Option<Stored<Forward>> = self.object(random);
        let (key, revision) = seen.map_or((nowhere, None), |seen| {
            (seen.object.key, Some(seen.revision.changed))
        });
        Change::Replace {
            object: forward_to(key, client, random).into(),
            expected: expected(revision, random),
        }
    }

    /// A client's reservation moves; without one, there is a new one.
    fn other_reservation(&self, address: Ipv4Addr, random: &mut Rng) -> Change {
        let seen: Option<Stored<Reservation>> = self.object(random);
        let Some(Stored { object, revision }) = seen else {
            let client = self.residents_key(random);
            return Change::Create(
                Reservation {
                    subnet: SUBNET,
                    client,
                    address,
                }
                .into(),
            );
        };
        Change::Replace {
            object: Reservation { address, ..object }.into(),
            expected: expected(Some(revision.changed), random),
        }
    }

    /// Some object of a kind, in the newest state.
    fn object<T: Registered>(&self, random: &mut Rng) -> Option<Stored<T>> {
        let look = |state: &State| -> Vec<Stored<T>> {
            T::table(state.objects()).values().cloned().collect()
        };
        random.choice(self.observer.judge.newest(look).1)
    }

    fn residents_key(&self, random: &mut Rng) -> ClientKey {
        let residents = &self.neighbours.residents;
        let resident = &residents[random.usize(0..residents.len())];
        resident.client().key().clone()
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

/// A change of an object, as somebody asks for it.
pub(super) fn ask(change: Change, force: bool) -> Command {
    Command::from(ObjectCommand {
        operator: Operator::default(),
        change,
        force,
    })
}

/// Whoever has the address loses it.
pub(super) fn revoke(subnet: SubnetId, address: Ipv4Addr) -> Command {
    Command::from(ClusterCommand::RevokeLease {
        operator: Operator::default(),
        subnet,
        address,
    })
}

/// Asks as an operator does, where there is an operation for it that lets the command through. The state machine must
/// refuse the rest by itself: another release's nodes may propose it.
async fn carry_out(node: &Arc<::node::Node>, command: Command) -> Result<Outcome, OperatorError> {
    let operations = Operations::new(Arc::clone(node));
    let caller = Caller::new(ORIGIN);
    let done = match command {
        Command::Object(ObjectCommand { change, force, .. }) if !change.kind().is_leaders() => {
            let done = operations.change(&caller, change, force).await;
            done.map(drop)
        }
        Command::Cluster(ClusterCommand::RevokeLease {
            subnet: SUBNET,
            address,
            ..
        }) if address != ELSEWHERE => operations.release_lease(&caller, address).await,
        command => {
            let cluster = node.cluster();
            let command = in_an_operators_name(command, cluster.node());
            return Ok(cluster.propose(cluster.new_request(), command).await?);
        }
    };
    match done {
        Ok(()) => Ok(Outcome::Done),
        Err(OperatorError::Rejected(refusal)) => Ok(Outcome::Refused(refusal)),
        Err(error) => Err(error),
    }
}

/// What an operator asks of `node` carries his name, as its operations see him.
fn in_an_operators_name(command: Command, node: NodeId) -> Command {
    let from = ORIGIN.to_owned();
    let operator = Operator { node, from };
    match command {
        Command::Object(command) => Command::Object(ObjectCommand {
            operator,
            ..command
        }),
        Command::Cluster(ClusterCommand::RevokeLease {
            subnet, address, ..
        }) => Command::Cluster(ClusterCommand::RevokeLease {
            operator,
            subnet,
            address,
        }),
        command => command,
    }
}

/// The revision that a change is meant for: the one that was seen, an earlier one, or whichever there is.
fn expected(seen: Option<u64>, random: &mut Rng) -> Option<u64> {
    match random.u8(0..4) {
        0 => None,
        1 => seen.map(|seen| seen.saturating_sub(1)),
        _ => seen,
    }
}

fn forward_to(key: ForwardKey, client: ClientKey, random: &mut Rng) -> Forward {
    let target = ForwardTarget::Client {
        subnet: SUBNET,
        client,
    };
    Forward {
        key,
        target,
        target_port: random.u16(1..=9999),
    }
}
