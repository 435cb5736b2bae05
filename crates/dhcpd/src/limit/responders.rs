//! Who answers the conflict probe of whatever address is asked for: proxy ARP left on, or a machine that means harm. Such
//! an answer says nothing of the address, and does not count (contract L1, L6; ADR 0026). Pure.
//!
//! A host has some fixed addresses in a pool, and leaves the others alone. So each is judged by what it has answered for
//! since a probe was last met with silence.
//!
//! **Bounded.** [`MAX_RESPONDERS`] hardware addresses, of which so many addresses are kept as it takes to judge.

use crate::Moment;
use crate::limits::{ACCUSATION_WINDOW, ANSWERS_OF_A_HOST, MAX_RESPONDERS, RESPONDER_SETTLES};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Who answered lately, by hardware address.
#[derive(Clone, Debug, Default)]
pub struct Responders(BTreeMap<[u8; 6], Answered>);

/// What it has answered for.
#[derive(Clone, Debug, Default)]
struct Answered {
    /// And since when.
    addresses: BTreeMap<Ipv4Addr, Moment>,
    last: Moment,
    is_reported: bool,
}

impl Answered {
    /// What is new counts for nothing yet: the addresses next in line may still be met with silence in their turn.
    fn is_indiscriminate(&self, now: Moment) -> bool {
        let has_settled = |since: &&Moment| now.since(**since) >= RESPONDER_SETTLES;
        self.is_recent(now)
            && self.addresses.values().filter(has_settled).count() > ANSWERS_OF_A_HOST
    }

    fn is_recent(&self, now: Moment) -> bool {
        now.since(self.last) < ACCUSATION_WINDOW
    }
}

impl Responders {
    /// Somebody answered for a free address.
    pub fn answered(&mut self, hardware: [u8; 6], address: Ipv4Addr, now: Moment) {
        self.0.retain(|_, answered| answered.is_recent(now));
        if self.0.len() >= MAX_RESPONDERS && !self.0.contains_key(&hardware) {
            return;
        }
        let answered = self.0.entry(hardware).or_default();
        answered.last = now;
        if answered.addresses.len() <= ANSWERS_OF_A_HOST {
            answered.addresses.entry(address).or_insert(now);
        }
    }

    /// Nobody answered for a free address.
    pub fn met_with_silence(&mut self) {
        self.0.clear();
    }

    /// Nobody did whose answer counts, but this one: for the others that is silence. Whether it is to be reported, as it is
    /// once.
    pub fn passed_over(&mut self, hardware: [u8; 6], now: Moment) -> bool {
        self.0.retain(|_, answered| answered.is_indiscriminate(now));
        let Some(answered) = self.0.get_mut(&hardware) else {
            return false;
        };
        answered.last = now;
        !std::mem::replace(&mut answered.is_reported, true)
    }

    /// Whose answers do not count.
    #[must_use]
    pub fn indiscriminate(&self, now: Moment) -> Vec<[u8; 6]> {
        let found = self
            .0
            .iter()
            .filter(|(_, answered)| answered.is_indiscriminate(now));
        found.map(|(hardware, _)| *hardware).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HOST: [u8; 6] = [2, 0, 0, 0, 0, 1];

    fn address(number: usize) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x0a0f_0000 + u32::try_from(number).expect("small"))
    }

    fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    fn after(answers: usize) -> Responders {
        let mut responders = Responders::default();
        for number in 0..answers {
            responders.answered(HOST, address(number), at(0));
        }
        responders
    }

    #[test]
    fn more_answers_than_a_host_has_addresses_count_no_more() {
        assert!(
            after(ANSWERS_OF_A_HOST)
                .indiscriminate(at(50_000))
                .is_empty()
        );
        let mut repeated = after(ANSWERS_OF_A_HOST);
        repeated.answered(HOST, address(0), at(1));
        assert!(repeated.indiscriminate(at(50_000)).is_empty());
        let mut found = after(ANSWERS_OF_A_HOST + 1);
        assert_eq!(found.indiscriminate(at(50_000)), [HOST]);
        assert!(found.passed_over(HOST, at(50_000)), "reported");
        assert!(!found.passed_over(HOST, at(60_000)), "and once");
        let window = u64::try_from(ACCUSATION_WINDOW.as_millis()).expect("fits");
        assert_eq!(found.indiscriminate(at(59_999 + window)), [HOST]);
        assert!(found.indiscriminate(at(60_000 + window)).is_empty());
    }

    /// A host with many fixed addresses: of a batch of probes, its answers come first, and are asked for again first.
    #[test]
    fn who_leaves_an_address_alone_is_believed() {
        let mut responders = after(100);
        assert!(responders.indiscriminate(at(300)).is_empty());
        responders.met_with_silence();
        assert!(responders.indiscriminate(at(50_000)).is_empty());
    }

    /// While one answers for everything, no probe is met with silence: that is not held against the others.
    #[test]
    fn another_host_beside_it_is_believed() {
        let mut responders = after(ANSWERS_OF_A_HOST + 1);
        let other = [2; 6];
        for number in 0..100 {
            responders.answered(other, address(number), at(50_000));
            responders.passed_over(HOST, at(50_000));
        }
        assert_eq!(responders.indiscriminate(at(100_000)), [HOST]);
    }

    #[test]
    fn bounded() {
        let mut responders = Responders::default();
        for number in 0..10_000_usize {
            let [.., a, b, c] = number.to_be_bytes();
            for host in 0..20 {
                responders.answered([2, 0, 0, a, b, c], address(host), at(0));
            }
        }
        assert_eq!(responders.0.len(), MAX_RESPONDERS);
        let kept = responders
            .0
            .values()
            .map(|answered| answered.addresses.len());
        assert_eq!(kept.max(), Some(ANSWERS_OF_A_HOST + 1));
    }
}
