//! Addresses where somebody answered a conflict probe who is not believed that they should be quarantined. They
//! are not offered for a moment (contract L6, ADR 0026). Pure.
//!
//! **Bounded.** [`MAX_DOUBTED`], for [`DOUBTED_FOR`].

use crate::Moment;
use crate::limits::{DOUBTED_FOR, MAX_DOUBTED};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What was answered for lately.
#[derive(Clone, Debug, Default)]
pub struct Doubted(BTreeMap<Ipv4Addr, Moment>);

impl Doubted {
    /// Notes that somebody answered. Of too many, the newest are forgotten: they are found again by their probe.
    pub fn note(&mut self, address: Ipv4Addr, now: Moment) {
        self.0.retain(|_, at| now.since(*at) < DOUBTED_FOR);
        if self.0.len() < MAX_DOUBTED {
            self.0.insert(address, now);
        }
    }

    /// Where somebody answered lately.
    #[must_use]
    pub fn recent(&self, now: Moment) -> Vec<Ipv4Addr> {
        let recent = self
            .0
            .iter()
            .filter(|(_, at)| now.since(**at) < DOUBTED_FOR);
        recent.map(|(address, _)| *address).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn bounded_in_number_and_in_time() {
        let mut doubted = Doubted::default();
        let start = Moment(Duration::from_secs(1));
        for number in 0..1000 {
            doubted.note(Ipv4Addr::from_bits(number), start);
        }
        assert_eq!(doubted.recent(start).len(), MAX_DOUBTED);
        assert!(doubted.recent(start + DOUBTED_FOR).is_empty());
        doubted.note(Ipv4Addr::from_bits(7), start + DOUBTED_FOR);
        assert_eq!(doubted.0.len(), 1);
    }
}
