//! An operator at work: reservations, forwards, leases taken back, through any node.

use super::arena::{World, name};
use crate::client::TrueTime;
use crate::scenario::SUBNET;
use fastrand::Rng;
use ipam::{ClientKey, Command, Forward, ForwardKey, ForwardTarget, Protocol};
use std::net::Ipv4Addr;

impl World {
    /// One command of an operator's.
    pub(super) fn operate(&mut self, random: &mut Rng) {
        let command = self.operators_command(random);
        let hosts = self.nodes.values().filter(|node| node.is_up());
        let hosts: Vec<_> = hosts.map(|node| node.host).collect();
        if hosts.is_empty() {
            return;
        }
        let host = hosts[random.usize(0..hosts.len())];
        self.trace
            .note(name(host), format_args!("an operator asks: {command:?}"));
        self.observer.judge.operator(TrueTime(self.now), &command);
        let trace = self.trace.clone();
        let Some(node) = self.nodes.get(&host) else {
            return;
        };
        node.spawn(|cluster| {
            Box::pin(async move {
                let outcome = cluster.propose(command).await;
                trace.note(name(host), format_args!("the operator hears: {outcome:?}"));
            })
        });
    }

    fn operators_command(&self, random: &mut Rng) -> Command {
        let residents = &self.neighbours.residents;
        let client = residents[random.usize(0..residents.len())]
            .client
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
            },
            4 => Command::RemoveForward(key),
            _ => Command::RevokeLease {
                subnet: SUBNET,
                address,
            },
        }
    }
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
