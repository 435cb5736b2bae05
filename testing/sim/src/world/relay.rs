//! A relay agent that was told of one node: the clients behind it are served by that one, or not at all.

use super::arena::World;
use crate::check::Loss;
use crate::client::{ClientNumber, Outgoing as Request};
use crate::lan::{Arrived, Station};
use crate::network::Host;
use bytes::Bytes;
use dhcpd::decide::{Arrival, Ingress};
use fastrand::Rng;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// So that it takes nothing from what a seed drew before there were relays.
const SALT: u64 = 0x0002_e1a7;
/// Outside of every pool that is drawn.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 250);
/// In one of so many runs there is one.
const RELAY_OF: u8 = 3;
/// And of the clients of the beginning, one of so many is behind it.
const BEHIND_OF: u32 = 4;
/// `hops` and `giaddr` in a message (RFC 2131 §2).
const HOPS: usize = 3;
const GIADDR: std::ops::Range<usize> = 24..28;

/// A relay agent (RFC 2131 §1.4).
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    /// Its address, in the clients' network.
    pub address: Ipv4Addr,
    /// The host of the only node that it was told of.
    knows: Host,
}

impl Relay {
    /// The relay of a run, if it has one.
    #[must_use]
    pub fn draw(seed: u64, nodes: u64) -> Option<Self> {
        let mut random = Rng::with_seed(seed ^ SALT);
        (random.u8(0..RELAY_OF) == 0).then(|| Self {
            address: ADDRESS,
            knows: random.u64(1..=nodes),
        })
    }

    /// Whether a client of the beginning is behind it.
    pub(super) const fn has_behind(client: u32) -> bool {
        client.is_multiple_of(BEHIND_OF)
    }

    /// How a datagram came that says it is of this address.
    pub(super) fn arrival(relay: Option<&Self>, source: Ipv4Addr, is_framed: bool) -> Arrival {
        let is_its_own = relay.is_some_and(|relay| relay.address == source) && !is_framed;
        let arrival = Arrival::unicast(source);
        match is_its_own {
            true => arrival.by(Ingress::RELAYS_WAY),
            false => arrival,
        }
    }
}

impl World {
    /// What a client behind the relay broadcasts: the relay passes it on (RFC 2131 §4.1).
    pub(super) fn pass_on(&mut self, from: Host, relay: Relay, request: &Request) {
        self.stats.requests += 1;
        let mut datagram = request.datagram.clone();
        if datagram.len() < GIADDR.end {
            return;
        }
        datagram[HOPS] = datagram[HOPS].saturating_add(1);
        datagram[GIADDR].copy_from_slice(&relay.address.octets());
        let arrived = Arrived::Datagram {
            at: Station::Node(relay.knows),
            source: relay.address,
            hardware: None,
            payload: Bytes::from(datagram),
        };
        self.segment.send(from, relay.knows, arrived);
    }

    /// What is lost while these are gone.
    pub(super) fn loss_of(&self, gone: &[Host]) -> Loss {
        Loss {
            servers: gone.iter().map(|host| self.own_ip(*host)).collect(),
            cut_off: self.cut_off_behind(gone),
        }
    }

    /// Who is served by nobody then.
    fn cut_off_behind(&self, gone: &[Host]) -> BTreeSet<ClientNumber> {
        let known = self.scenario.relay.map(|relay| relay.knows);
        if !known.is_some_and(|known| gone.contains(&known)) {
            return BTreeSet::new();
        }
        let residents = self.neighbours.residents.iter();
        let behind = residents.filter(|resident| resident.behind_relay);
        behind.map(|resident| resident.client().number()).collect()
    }
}
