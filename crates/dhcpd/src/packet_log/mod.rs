//! The last packets of each client and the disposition of each: for `gatewayctl explain`, which says why a
//! client gets no answer. Nothing is decided by it.
//!
//! * **What it is.** [`PacketLog`]: for each hardware address its last packets, in memory, bounded.
//! * **What flows in and out.** In: a [`PacketRecord`] when a packet is accepted, a [`Disposition`] when it has
//!   been processed. Out: the records of one client, oldest first.
//! * **Bounds.** [`MAX_SEEN_ONCE`], [`MAX_SEEN_AGAIN`] and [`PER_CLIENT`]. Clients seen once are kept apart from
//!   those seen again: fake clients of a flood do not come back (ADR 0014), so they push out only clients seen
//!   once.
//! * **A crash** leaves nothing.

mod generation;
mod packet_record;
mod reader;

pub use packet_record::{Disposition, PacketRecord};
pub use reader::PacketLogReader;

use generation::{Generation, Record};
use ipam::{ClientIdentifier, ClientKey, HardwareAddress};

/// Clients with one packet. About 200 bytes each.
pub const MAX_SEEN_ONCE: usize = 8192;
/// Clients with several packets. About 3 kB each at most.
pub const MAX_SEEN_AGAIN: usize = 2048;
/// Packets kept of one client: two boots and what went wrong between them.
pub const PER_CLIENT: usize = 16;
/// Records in one answer; clones may share a client identifier.
pub const MAX_ANSWER: usize = 64;

/// Identifies a packet in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    hardware: HardwareAddress,
    number: u64,
}

/// The last packets of each client.
#[derive(Clone, Debug)]
pub struct PacketLog {
    once: Generation,
    again: Generation,
    next: u64,
}

impl Default for PacketLog {
    fn default() -> Self {
        Self {
            once: Generation::of(MAX_SEEN_ONCE),
            again: Generation::of(MAX_SEEN_AGAIN),
            next: 0,
        }
    }
}

impl PacketLog {
    /// Notes a packet.
    pub fn note(&mut self, sighting: PacketRecord, identifier: Option<&ClientIdentifier>) -> Mark {
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
    pub fn end(&mut self, mark: &Mark, disposition: Disposition) {
        let again = self.again.get_mut(&mark.hardware);
        let record = match again {
            Some(record) => Some(record),
            None => self.once.get_mut(&mark.hardware),
        };
        if let Some(record) = record {
            record.end(mark.number, disposition);
        }
    }

    /// The last packets of a client, oldest first: of that hardware address, or of all that carried
    /// that client identifier.
    #[must_use]
    pub fn of(&self, client: &ClientKey) -> Vec<PacketRecord> {
        let mut found: Vec<(u64, &PacketRecord)> = match client {
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
    use crate::MonotonicTime;
    use crate::codec::MessageType;
    use crate::decide::{Arrival, NoReplyReason};
    use crate::testing::PacketBuilder;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    fn key(number: u32) -> HardwareAddress {
        let [a, b, c, d] = number.to_be_bytes();
        HardwareAddress::ethernet([2, 0, a, b, c, d])
    }

    fn heard(packet_log: &mut PacketLog, client: u32, second: u64) -> Mark {
        let [a, b, c, d] = client.to_be_bytes();
        let packet = PacketBuilder::discover([2, 0, a, b, c, d]).packet();
        let at = MonotonicTime(Duration::from_secs(second));
        let arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);
        packet_log.note(PacketRecord::of(&packet, arrival, at), None)
    }

    #[test]
    fn end_sets_the_disposition() {
        let mut packet_log = PacketLog::default();
        let mark = heard(&mut packet_log, 1, 5);
        let client = ClientKey::Hardware(key(1));
        assert_eq!(packet_log.of(&client)[0].disposition, Disposition::Pending);
        packet_log.end(
            &mark,
            Disposition::NoReply(NoReplyReason::PoolExhausted, None),
        );
        let found = &packet_log.of(&client)[0];
        assert_eq!(found.message, Some(MessageType::Discover));
        assert!(found.outcome().starts_with("no answer: no address is free"));
        assert!(packet_log.of(&ClientKey::Hardware(key(2))).is_empty());
    }

    #[test]
    fn note_keeps_the_last_packets_of_a_client() {
        let mut packet_log = PacketLog::default();
        for second in 0..100 {
            heard(&mut packet_log, 1, second);
        }
        let seconds: Vec<_> = packet_log
            .of(&ClientKey::Hardware(key(1)))
            .iter()
            .map(|sighting| sighting.at.0.as_secs())
            .collect();
        assert_eq!(seconds, (84..100).collect::<Vec<_>>());
    }

    /// A flood of fake clients pushes out clients seen once, and none seen again.
    #[test]
    fn note_flood_pushes_out_only_clients_seen_once() {
        let mut packet_log = PacketLog::default();
        heard(&mut packet_log, 1, 0);
        heard(&mut packet_log, 1, 4);
        heard(&mut packet_log, 2, 4);
        let flood = u32::try_from(MAX_SEEN_ONCE).expect("fits");
        for made_up in 0..flood {
            heard(&mut packet_log, 1000 + made_up, 5);
        }
        assert_eq!(packet_log.of(&ClientKey::Hardware(key(1))).len(), 2);
        assert!(packet_log.of(&ClientKey::Hardware(key(2))).is_empty());
        assert_eq!(packet_log.once.len(), MAX_SEEN_ONCE);
        for made_up in 0..flood {
            heard(&mut packet_log, 1000 + made_up, 6);
        }
        assert!(packet_log.again.len() <= MAX_SEEN_AGAIN);
    }

    #[test]
    fn of_identifier_returns_all_clients_that_carry_it() {
        let mut packet_log = PacketLog::default();
        let identifier = ClientIdentifier::new(&[0xff, 1]).expect("long enough");
        for number in [1_u8, 2] {
            let packet = PacketBuilder::discover([2, 0, 0, 0, 0, number]).packet();
            let arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);
            let sighting = PacketRecord::of(&packet, arrival, MonotonicTime::default());
            packet_log.note(sighting, Some(&identifier));
        }
        assert_eq!(packet_log.of(&ClientKey::Identifier(identifier)).len(), 2);
    }
}
