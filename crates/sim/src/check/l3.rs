//! L3, when nothing is wrong: no client needs more than one retransmission.

use super::facts::Step;
use super::violation::{Verdict, Violation};
use crate::client::{Event, MessageKind, TrueTime, What};
use std::time::Duration;

/// After the last fault: an election, and requests that began before it.
const SETTLED_AFTER: Duration = Duration::from_secs(120);

/// Since when nothing is wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct L3 {
    healed: Option<TrueTime>,
    exhausted: Option<TrueTime>,
}

impl L3 {
    pub(super) fn healed(&mut self, at: TrueTime) {
        self.healed = Some(at);
    }

    pub(super) fn disturbed(&mut self) {
        self.healed = None;
    }

    pub(super) fn step(&mut self, step: &Step<'_>) {
        let mut subnets = step.after.subnets().values();
        if subnets.any(|subnet| subnet.leases().free_count() == 0) {
            self.exhausted = Some(step.at);
        }
    }

    /// A third copy: two were not answered.
    pub(super) fn client(&self, event: &Event) -> Verdict {
        let What::Sent {
            kind,
            server,
            copies: 2,
            xid,
            ..
        } = event.what
        else {
            return Ok(());
        };
        // A server that knows nothing of a client that reboots is silent, as RFC 2131 has it.
        let is_owed = kind == MessageKind::Discover || server.is_some();
        let Some(healed) = self
            .healed
            .filter(|healed| event.at.since(*healed) > SETTLED_AFTER)
        else {
            return Ok(());
        };
        let is_exhausted = self.exhausted.is_some_and(|exhausted| exhausted >= healed);
        if !is_owed || is_exhausted {
            return Ok(());
        }
        Err(Violation::new(
            "L3",
            event.at,
            format!("{} ({}) is not answered", event.number, event.client),
            [
                format!("it sends {kind:?} with xid {xid:#x} for the third time"),
                format!("everything is healed since {healed}, and addresses are free"),
            ],
        ))
    }
}
