//! Who was found on a free address, until it is known whether that is news.
//!
//! Another node may have granted the address a moment ago: its new holder answers our probe before this
//! node has applied the grant. So what was found is kept for some seconds, and then compared with what the
//! state has by now. Pure.

use crate::Moment;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long a grant may take to be known here: an election and a half.
const SETTLES: Duration = Duration::from_secs(4);
/// How many are kept; of more than that one line in the log tells enough.
const MOST: usize = 64;

/// Addresses that were to be free, and who answered there.
#[derive(Debug, Default)]
pub(super) struct Suspects(BTreeMap<Ipv4Addr, (Moment, [u8; 6])>);

impl Suspects {
    /// Somebody answered.
    pub(super) fn note(&mut self, address: Ipv4Addr, hardware: [u8; 6], now: Moment) {
        if self.0.len() < MOST {
            self.0.entry(address).or_insert((now, hardware));
        }
    }

    /// Takes those out of whom the state knows by now what it ever will.
    pub(super) fn settled(&mut self, now: Moment) -> Vec<(Ipv4Addr, [u8; 6])> {
        let settled = self
            .0
            .extract_if(.., |_, (since, _)| now.since(*since) >= SETTLES);
        settled
            .map(|(address, (_, hardware))| (address, hardware))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_judged_once_the_grant_could_be_known() {
        let (mut suspects, address) = (Suspects::default(), Ipv4Addr::new(10, 15, 3, 20));
        let at = |seconds| Moment(Duration::from_secs(seconds));
        suspects.note(address, [2; 6], at(1));
        assert!(suspects.settled(at(4)).is_empty());
        suspects.note(address, [2; 6], at(4));
        assert_eq!(suspects.settled(at(5)), [(address, [2; 6])]);
        assert!(suspects.settled(at(60)).is_empty());
    }
}
