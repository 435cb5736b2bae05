//! Finds machines that answer the conflict probe of every address: proxy ARP left on, or an attacker. Such an answer
//! says nothing about the address, and is ignored (contract L1, L6; ADR 0026). Pure.
//!
//! An honest host answers for its few fixed addresses and not for others. So what counts is how many addresses a machine
//! has answered for since a probe last got no answer.
//!
//! **Bounded.** [`MAX_RESPONDERS`] machines; of each, just more addresses than an honest host has.

use crate::MonotonicTime;
use crate::limits::{
    ANSWERS_OF_A_HOST, CONFLICT_REPORT_WINDOW, MAX_RESPONDERS, RESPONDER_SETTLE_TIME,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Who answered probes lately, by hardware address.
#[derive(Clone, Debug, Default)]
pub struct ProbeResponders(BTreeMap<[u8; 6], Answered>);

/// What it has answered for.
#[derive(Clone, Debug, Default)]
struct Answered {
    /// And since when.
    addresses: BTreeMap<Ipv4Addr, MonotonicTime>,
    last: MonotonicTime,
    is_reported: bool,
}

impl Answered {
    /// A recent answer does not count yet: the probe of another address may still get no answer.
    fn is_indiscriminate(&self, now: MonotonicTime) -> bool {
        let has_settled = |since: &&MonotonicTime| now.since(**since) >= RESPONDER_SETTLE_TIME;
        self.is_recent(now)
            && self.addresses.values().filter(has_settled).count() > ANSWERS_OF_A_HOST
    }

    fn is_recent(&self, now: MonotonicTime) -> bool {
        now.since(self.last) < CONFLICT_REPORT_WINDOW
    }
}

impl ProbeResponders {
    /// Somebody answered for a free address.
    pub fn answered(&mut self, hardware: [u8; 6], address: Ipv4Addr, now: MonotonicTime) {
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
    pub fn no_answer(&mut self) {
        self.0.clear();
    }

    /// Only this machine, whose answers are ignored, answered. For the others the probe got no answer. Returns whether to
    /// report the machine, which happens once.
    pub fn ignored_answer(&mut self, hardware: [u8; 6], now: MonotonicTime) -> bool {
        self.0.retain(|_, answered| answered.is_indiscriminate(now));
        let Some(answered) = self.0.get_mut(&hardware) else {
            return false;
        };
        answered.last = now;
        !std::mem::replace(&mut answered.is_reported, true)
    }

    /// The machines whose answers are ignored.
    #[must_use]
    pub fn indiscriminate(&self, now: MonotonicTime) -> Vec<[u8; 6]> {
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

    fn at(millis: u64) -> MonotonicTime {
        MonotonicTime(Duration::from_millis(millis))
    }

    fn after(answers: usize) -> ProbeResponders {
        let mut probe_responders = ProbeResponders::default();
        for number in 0..answers {
            probe_responders.answered(HOST, address(number), at(0));
        }
        probe_responders
    }

    #[test]
    fn indiscriminate_after_more_answers_than_a_host_has_addresses() {
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
        assert!(found.ignored_answer(HOST, at(50_000)), "reported");
        assert!(!found.ignored_answer(HOST, at(60_000)), "and once");
        let window = u64::try_from(CONFLICT_REPORT_WINDOW.as_millis()).expect("fits");
        assert_eq!(found.indiscriminate(at(59_999 + window)), [HOST]);
        assert!(found.indiscriminate(at(60_000 + window)).is_empty());
    }

    /// A host with many fixed addresses: of a batch of probes its answers come first, and those addresses are probed again first.
    #[test]
    fn indiscriminate_not_if_an_address_got_no_answer() {
        let mut probe_responders = after(100);
        assert!(probe_responders.indiscriminate(at(300)).is_empty());
        probe_responders.no_answer();
        assert!(probe_responders.indiscriminate(at(50_000)).is_empty());
    }

    /// While one machine answers for everything, no probe goes unanswered: that must not count against the others.
    #[test]
    fn indiscriminate_does_not_include_another_host() {
        let mut probe_responders = after(ANSWERS_OF_A_HOST + 1);
        let other = [2; 6];
        for number in 0..100 {
            probe_responders.answered(other, address(number), at(50_000));
            probe_responders.ignored_answer(HOST, at(50_000));
        }
        assert_eq!(probe_responders.indiscriminate(at(100_000)), [HOST]);
    }

    #[test]
    fn answered_keeps_memory_bounded() {
        let mut probe_responders = ProbeResponders::default();
        for number in 0..10_000_usize {
            let [.., a, b, c] = number.to_be_bytes();
            for host in 0..20 {
                probe_responders.answered([2, 0, 0, a, b, c], address(host), at(0));
            }
        }
        assert_eq!(probe_responders.0.len(), MAX_RESPONDERS);
        let kept = probe_responders
            .0
            .values()
            .map(|answered| answered.addresses.len());
        assert_eq!(kept.max(), Some(ANSWERS_OF_A_HOST + 1));
    }
}
