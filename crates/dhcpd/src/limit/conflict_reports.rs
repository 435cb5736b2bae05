//! Limits how many addresses one reporter can have quarantined (contract S7, ADR 0026). Pure.
//!
//! A conflict report is a DHCPDECLINE, or the answer to a conflict probe: it says that somebody uses an address. An
//! honest host has few fixed addresses in a pool. A host that reports more lies, or answers for others (proxy ARP): only
//! its first few reports are accepted. Hardware addresses are easy to forge, so reports are also counted for each bridge
//! port and each relay.
//!
//! **Bounded.** [`MAX_CONFLICT_REPORTERS`] of either kind; what is older than [`CONFLICT_REPORT_WINDOW`] is forgotten.

use crate::MonotonicTime;
use crate::limits::{
    CONFLICT_REPORT_WINDOW, CONFLICT_REPORTS_PER_CLIENT, CONFLICT_REPORTS_PER_PORT,
    CONFLICT_REPORTS_WITHOUT_PORT, MAX_CONFLICT_REPORTERS,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A port of the bridge that the clients are on; `None` for all of which it is not known.
pub type Port = Option<u32>;

/// Where a reporter is attached, which it cannot forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttachmentPoint {
    /// A port of the bridge.
    Port(Port),
    /// Behind a relay.
    Relay(Ipv4Addr),
}

impl AttachmentPoint {
    /// How many addresses all reporters there may report together.
    const fn limit(self) -> usize {
        match self {
            Self::Port(None) => CONFLICT_REPORTS_WITHOUT_PORT,
            Self::Port(Some(_)) | Self::Relay(_) => CONFLICT_REPORTS_PER_PORT,
        }
    }
}

/// Who reports that an address is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConflictReporter {
    /// Its hardware address; unknown for an echo from behind a relay.
    pub hardware: Option<[u8; 6]>,
    /// Where it is.
    pub place: AttachmentPoint,
}

/// The recent reports of each reporter.
#[derive(Clone, Debug, Default)]
pub struct ConflictReports {
    by_client: BTreeMap<[u8; 6], ReportedAddresses>,
    by_attachment: BTreeMap<AttachmentPoint, ReportedAddresses>,
}

/// Which addresses, and when each was last reported.
type ReportedAddresses = BTreeMap<Ipv4Addr, MonotonicTime>;

impl ConflictReports {
    /// Whether a report that `address` is in use is accepted. The same address again costs nothing.
    pub fn accept(
        &mut self,
        reporter: ConflictReporter,
        address: Ipv4Addr,
        now: MonotonicTime,
    ) -> bool {
        let ConflictReporter { hardware, place } = reporter;
        let (clients, places) = (&mut self.by_client, &mut self.by_attachment);
        let is_accepted = hardware.is_none_or(|client| {
            has_room(clients, client, address, CONFLICT_REPORTS_PER_CLIENT, now)
        }) && has_room(places, place, address, place.limit(), now);
        if is_accepted {
            if let Some(client) = hardware {
                clients.entry(client).or_default().insert(address, now);
            }
            places.entry(place).or_default().insert(address, now);
        }
        is_accepted
    }
}

fn has_room<K: Ord + Copy>(
    reporters: &mut BTreeMap<K, ReportedAddresses>,
    reporter: K,
    address: Ipv4Addr,
    limit: usize,
    now: MonotonicTime,
) -> bool {
    let is_recent = |at: &MonotonicTime| now.since(*at) < CONFLICT_REPORT_WINDOW;
    if let Some(reported) = reporters.get_mut(&reporter) {
        reported.retain(|_, at| is_recent(at));
        return reported.len() < limit || reported.contains_key(&address);
    }
    if reporters.len() >= MAX_CONFLICT_REPORTERS {
        reporters.retain(|_, reported| reported.values().any(is_recent));
    }
    reporters.len() < MAX_CONFLICT_REPORTERS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x0a0f_0000 + number)
    }

    fn at(seconds: u64) -> MonotonicTime {
        MonotonicTime(Duration::from_secs(seconds))
    }

    fn of(hardware: [u8; 6], port: Port) -> ConflictReporter {
        ConflictReporter {
            hardware: Some(hardware),
            place: AttachmentPoint::Port(port),
        }
    }

    #[test]
    fn accept_one_client_up_to_its_limit() {
        let mut conflict_reports = ConflictReports::default();
        let accepted = (0..100).filter(|number| {
            conflict_reports.accept(of([1; 6], None), address(*number), at(u64::from(*number)))
        });
        assert_eq!(accepted.count(), CONFLICT_REPORTS_PER_CLIENT);
        assert!(
            conflict_reports.accept(of([1; 6], None), address(0), at(100)),
            "the same address again"
        );
        assert!(
            conflict_reports.accept(of([2; 6], None), address(7), at(100)),
            "another client"
        );
        let later = at(100) + CONFLICT_REPORT_WINDOW;
        assert!(conflict_reports.accept(of([1; 6], None), address(7), later));
    }

    /// One port can forge any number of hardware addresses.
    #[test]
    fn accept_one_port_up_to_its_limit() {
        let mut conflict_reports = ConflictReports::default();
        let accepted = (0..200_u8).filter(|number| {
            let reporter = of([*number; 6], Some(3));
            conflict_reports.accept(reporter, address(u32::from(*number)), at(1))
        });
        assert_eq!(accepted.count(), CONFLICT_REPORTS_PER_PORT);
        assert!(
            conflict_reports.accept(of([9; 6], Some(4)), address(9), at(1)),
            "another port"
        );
    }

    /// Where no port is known (the interface is no bridge), four liars leave room for an honest reporter, and all together
    /// have a limit.
    #[test]
    fn accept_without_port_liars_leave_room_for_others() {
        let mut conflict_reports = ConflictReports::default();
        let mut accepted = 0;
        for (liar, number) in (1..=4_u8).flat_map(|liar| (0..100).map(move |number| (liar, number)))
        {
            let number = u32::from(liar) * 100 + number;
            accepted +=
                usize::from(conflict_reports.accept(of([liar; 6], None), address(number), at(1)));
        }
        assert_eq!(accepted, 4 * CONFLICT_REPORTS_PER_CLIENT);
        let others = (10..200_u8).filter(|number| {
            let reporter = of([*number; 6], None);
            conflict_reports.accept(reporter, address(1000 + u32::from(*number)), at(2))
        });
        assert_eq!(accepted + others.count(), CONFLICT_REPORTS_WITHOUT_PORT);
        let later = at(2) + CONFLICT_REPORT_WINDOW;
        assert!(conflict_reports.accept(of([9; 6], None), address(9), later));
    }

    #[test]
    fn accept_keeps_memory_bounded() {
        let mut conflict_reports = ConflictReports::default();
        for number in 0..10_000_u32 {
            let [a, b, c, d] = number.to_be_bytes();
            conflict_reports.accept(of([2, 0, a, b, c, d], Some(number)), address(number), at(1));
        }
        assert!(conflict_reports.by_client.len() <= MAX_CONFLICT_REPORTERS);
        assert!(conflict_reports.by_attachment.len() <= MAX_CONFLICT_REPORTERS);
        let later = at(2) + CONFLICT_REPORT_WINDOW;
        assert!(
            conflict_reports.accept(of([7; 6], Some(7)), address(1), later),
            "room again"
        );
    }

    /// Answers from behind one relay do not use up another relay's limit.
    #[test]
    fn accept_relay_up_to_a_limit_of_its_own() {
        let mut conflict_reports = ConflictReports::default();
        let behind = |relay| ConflictReporter {
            hardware: None,
            place: AttachmentPoint::Relay(address(relay)),
        };
        let accepted = (0..200).filter(|n| conflict_reports.accept(behind(5), address(*n), at(1)));
        assert_eq!(accepted.count(), CONFLICT_REPORTS_PER_PORT);
        assert!(conflict_reports.accept(behind(6), address(201), at(1)));
        assert!(conflict_reports.accept(of([0; 6], None), address(202), at(1)));
    }
}
