//! ARP on the clients' link: who asks, and who answers for an address.

use super::arena::World;
use super::neighbours::Actor;
use crate::client::TrueTime;
use crate::lan::{Arrived, Station};
use crate::network::Host;
use std::net::Ipv4Addr;

/// The hardware addresses of nodes, by host.
const fn node_hardware(host: Host) -> [u8; 6] {
    [2, 0x60, 0, 0, 0, host.to_be_bytes()[7]]
}

/// The hardware address of whoever uses an address without asking.
const SQUATTER: [u8; 6] = [2, 0x5c, 0, 0, 0, 1];

impl World {
    /// A broadcast ARP question.
    pub(super) fn ask_everybody(&mut self, from: Host, asker: Station, address: Ipv4Addr) {
        for host in self.scenario.hosts() {
            let arrived = Arrived::ArpProbe {
                asker,
                at: host,
                address,
            };
            self.segment.send(from, host, arrived);
        }
    }

    pub(super) fn answer_arp(&mut self, asker: Station, at: Host, address: Ipv4Addr) {
        let to = match asker {
            Station::Node(host) | Station::NodeByBroadcast(host) | Station::ClientsOn(host) => host,
            Station::Client(hardware) => {
                let residents = &self.neighbours.residents;
                let asking = residents
                    .iter()
                    .find(|resident| resident.client().hardware() == hardware);
                let Some(asking) = asking else { return };
                asking.host
            }
        };
        let node = self.nodes.get(&at).filter(|node| node.is_up());
        let own_ip = self.own_ip(at);
        let node = node.filter(|_| own_ip == address && asker != Station::Node(at));
        let users = self.neighbours.residents.iter();
        let users = users.filter(|resident| {
            resident.host == at
                && resident.client().uses() == Some(address)
                && asker != Station::Client(resident.client().hardware())
        });
        let users = users.map(|resident| resident.client().hardware());
        let squatters = self.neighbours.squatters.iter();
        let squatters = squatters
            .filter(|squatter| squatter.host == at && squatter.address == address)
            .filter(|squatter| squatter.since <= self.now)
            .map(|_| SQUATTER);
        let users = users.chain(node.map(|_| node_hardware(at)));
        let answers: Vec<_> = users.chain(squatters).collect();
        for hardware in answers {
            let arrived = Arrived::ArpAnswer {
                at: asker,
                address,
                hardware,
            };
            self.segment.send(at, to, arrived);
        }
    }

    pub(super) fn deliver_arp_answer(&mut self, at: Station, address: Ipv4Addr, hardware: [u8; 6]) {
        match at {
            Station::Client(asker) => {
                let now = TrueTime(self.now);
                let residents = &mut self.neighbours.residents;
                let index = residents
                    .iter()
                    .position(|resident| resident.client().hardware() == asker);
                if let Some(index) = index {
                    let actions = residents[index].with(|client| client.probed(now, address, true));
                    self.act(Actor::Client(index), actions);
                }
            }
            Station::Node(host) | Station::NodeByBroadcast(host) | Station::ClientsOn(host) => {
                if let Some(port) = self.nodes.get(&host).and_then(|node| node.port()) {
                    port.hear_arp(address, hardware);
                }
            }
        }
    }
}
