//! What the daemon around this node cannot do, part by part.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The reasons of the parts that cannot serve. Each part has a place of its own: that one is well
/// again says nothing of the others.
#[derive(Debug, Default)]
pub(crate) struct Blockers(Mutex<BTreeMap<&'static str, String>>);

impl Blockers {
    /// Remembers why `part` cannot serve, or that it can.
    pub(crate) fn set(&self, part: &'static str, reason: Option<String>) {
        let mut parts = self.lock();
        match reason {
            Some(reason) => parts.insert(part, reason),
            None => parts.remove(part),
        };
    }

    /// Every reason, if there is one.
    pub(crate) fn reason(&self) -> Option<String> {
        let parts = self.lock();
        let reasons: Vec<_> = parts.values().map(String::as_str).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_does_not_speak_for_another() {
        let blockers = Blockers::default();
        assert_eq!(blockers.reason(), None);
        blockers.set("DHCP", Some("the port is taken".to_owned()));
        blockers.set("listen IP", Some("it is gone".to_owned()));
        let both = Some("the port is taken; it is gone".to_owned());
        assert_eq!(blockers.reason(), both);
        blockers.set("listen IP", None);
        assert_eq!(blockers.reason(), Some("the port is taken".to_owned()));
        blockers.set("DHCP", None);
        assert_eq!(blockers.reason(), None);
    }
}
