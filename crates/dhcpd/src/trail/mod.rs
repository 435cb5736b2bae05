//! The last packets of each client, and what became of each: for people who ask why a client gets no
//! answer (`gatewayctl explain`). Nothing is decided by it.
//!
//! * **What it is.** [`Trail`]: for each hardware address its last packets, in memory, bounded.
//! * **What flows in and out.** In: a [`Sighting`] when a packet is taken up, an [`Ending`] when it is
//!   done with. Out: sightings of one client, oldest first.
//! * **Bounds.** [`MAX_SEEN_ONCE`], [`MAX_SEEN_AGAIN`] and [`PER_CLIENT`]. Who is heard for the first
//!   time is kept apart from who comes again, because a flood of made-up clients does not come back
//!   (ADR 0014): it pushes nobody out but other first-timers.
//! * **A crash** leaves nothing.

mod generation;
mod reader;
mod sighting;

pub use reader::TrailReader;
pub use sighting::{Ending, Sighting};

use generation::{Generation, Record};
use ipam::{ClientIdentifier, ClientKey, HardwareAddress};

/// Clients of which one packet was heard. About 200 bytes each.
pub const MAX_SEEN_ONCE: usize = 8192;
/// Clients of which several were. About 3 kB each at most.
pub const MAX_SEEN_AGAIN: usize = 2048;
/// Packets kept of one client: two boots and what went wrong between them.
pub const PER_CLIENT: usize = 16;
/// Sightings in one answer; clones may share a client identifier.
pub const MAX_ANSWER: usize = 64;

/// Which packet an ending belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    hardware: HardwareAddress,
    number: u64,
}

/// The last packets of each client.
#[derive(Clone, Debug)]
pub struct Trail {
    once: Generation,
    again: Generation,
    next: u64,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            once: Generation::of(MAX_SEEN_ONCE),
            again: Generation::of(MAX_SEEN_AGAIN),
            next: 0,
        }
    }
}

impl Trail {
    /// Notes a packet.
    pub fn note(&mut self, sighting: Sighting, identifier: Option<&ClientIdentifier>) -> Mark {
        self.next += 1;
        let number = self.next;
        let hardware = sighting.hardware.clone();
        let mark = Mark {
            hardware: hardware.clone(),
            number,
        };
        let earlier = self.again.take(&hardware);
        let earlier = earlier.or_else(|| self.once.take(&hardware));
        let is_new = earlier.is_none();
        let mut record = earlier.unwrap_or_default();
        record.add(number, sighting, identifier, PER_CLIENT);
        if is_new {
            self.once.put(hardware, record);
        } else {
            self.again.put(hardware, record);
        }
        mark
    }

    /// Notes what became of it, if it is still remembered.
    pub fn end(&mut self, mark: &Mark, ending: Ending) {
        let again = self.again.get_mut(&mark.hardware);
        let record = match again {
            Some(record) => Some(record),
            None => self.once.get_mut(&mark.hardware),
        };
        if let Some(record) = record {
            record.end(mark.number, ending);
        }
    }

    /// The last packets of a client, oldest first: of that hardware address, or of all that carried
    /// that client identifier.
    #[must_use]
    pub fn of(&self, client: &ClientKey) -> Vec<Sighting> {
        let mut found: Vec<(u64, &Sighting)> = match client {
            ClientKey::Hardware(hardware) => {
                let record = self.again.get(hardware).or_else(|| self.once.get(hardware));
                record.into_iter().flat_map(Record::numbered).collect()
            }
            ClientKey::Identifier(identifier) => {
                let all = self.again.records().chain(self.once.records());
                all.filter(|record| record.identifier() == Some(identifier))
                    .flat_map(Record::numbered)
                    .collect()
            }
        };
        found.sort_by_key(|(number, _)| *number);
        let surplus = found.len().saturating_sub(MAX_ANSWER);
        found
            .into_iter()
            .skip(surplus)
            .map(|(_, sighting)| sighting.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moment;
    use crate::codec::MessageType;
    use crate::decide::{Arrival, Silence};
    use crate::testing::PacketBuilder;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    fn key(number: u32) -> HardwareAddress {
        let [a, b, c, d] = number.to_be_bytes();
        HardwareAddress::ethernet([2, 0, a, b, c, d])
    }

    fn heard(trail: &mut Trail, client: u32, second: u64) -> Mark {
        let [a, b, c, d] = client.to_be_bytes();
        let packet = PacketBuilder::discover([2, 0, a, b, c, d]).packet();
        let at = Moment(Duration::from_secs(second));
        let arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);
        trail.note(Sighting::of(&packet, arrival, at), None)
    }

    #[test]
    fn a_packet_and_what_became_of_it() {
        let mut trail = Trail::default();
        let mark = heard(&mut trail, 1, 5);
        let client = ClientKey::Hardware(key(1));
        assert_eq!(trail.of(&client)[0].ending, Ending::Pending);
        trail.end(&mark, Ending::Silent(Silence::PoolExhausted, None));
        let found = &trail.of(&client)[0];
        assert_eq!(found.message, Some(MessageType::Discover));
        assert!(found.outcome().starts_with("no answer: no address is free"));
        assert!(trail.of(&ClientKey::Hardware(key(2))).is_empty());
    }

    #[test]
    fn of_one_client_the_last_packets_are_kept() {
        let mut trail = Trail::default();
        for second in 0..100 {
            heard(&mut trail, 1, second);
        }
        let seconds: Vec<_> = trail
            .of(&ClientKey::Hardware(key(1)))
            .iter()
            .map(|sighting| sighting.at.0.as_secs())
            .collect();
        assert_eq!(seconds, (84..100).collect::<Vec<_>>());
    }

    /// A flood of made-up clients pushes out who was heard once, and nobody who came again.
    #[test]
    fn a_flood_does_not_push_out_who_comes_again() {
        let mut trail = Trail::default();
        heard(&mut trail, 1, 0);
        heard(&mut trail, 1, 4);
        heard(&mut trail, 2, 4);
        let flood = u32::try_from(MAX_SEEN_ONCE).expect("fits");
        for made_up in 0..flood {
            heard(&mut trail, 1000 + made_up, 5);
        }
        assert_eq!(trail.of(&ClientKey::Hardware(key(1))).len(), 2);
        assert!(trail.of(&ClientKey::Hardware(key(2))).is_empty());
        assert_eq!(trail.once.len(), MAX_SEEN_ONCE);
        for made_up in 0..flood {
            heard(&mut trail, 1000 + made_up, 6);
        }
        assert!(trail.again.len() <= MAX_SEEN_AGAIN);
    }

    #[test]
    fn by_client_identifier_all_who_carry_it() {
        let mut trail = Trail::default();
        let identifier = ClientIdentifier::new(&[0xff, 1]).expect("long enough");
        for number in [1_u8, 2] {
            let packet = PacketBuilder::discover([2, 0, 0, 0, 0, number]).packet();
            let arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);
            let sighting = Sighting::of(&packet, arrival, Moment::default());
            trail.note(sighting, Some(&identifier));
        }
        assert_eq!(trail.of(&ClientKey::Identifier(identifier)).len(), 2);
    }
}
