//! L1: with a quorum in reach, whoever wants an address gets one. Judged after the last fault is
//! healed, in bounded virtual time.

use super::facts::Step;
use super::violation::{Verdict, Violation};
use crate::client::{ClientNumber, Event, TrueTime, What};
use ipam::ClientKey;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a client may go without, once everything is healed: an election, the longest pause of its
/// own between two attempts (60 s), and the five copies of one attempt.
pub const BOUND: Duration = Duration::from_secs(180);

/// Who wants an address, since when.
#[derive(Clone, Debug, Default)]
pub(super) struct L1 {
    wanting: BTreeMap<ClientNumber, (ClientKey, TrueTime)>,
    healed: Option<TrueTime>,
    /// When no address was free last.
    exhausted: Option<TrueTime>,
}

impl L1 {
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

    pub(super) fn client(&mut self, event: &Event) -> Verdict {
        match event.what {
            What::Began => {
                let wanting = (event.client.clone(), event.at);
                self.wanting.entry(event.number).or_insert(wanting);
                Ok(())
            }
            What::Bound { .. } => {
                let late = self.late(event.at, event.number);
                self.wanting.remove(&event.number);
                late.map_or(Ok(()), Err)
            }
            What::SwitchedOff => {
                self.wanting.remove(&event.number);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whoever still waits.
    pub(super) fn finish(&self, at: TrueTime) -> Verdict {
        let mut late = self
            .wanting
            .keys()
            .filter_map(|number| self.late(at, *number));
        late.next().map_or(Ok(()), Err)
    }

    fn late(&self, at: TrueTime, number: ClientNumber) -> Option<Violation> {
        let healed = self.healed?;
        let (client, began) = self.wanting.get(&number)?;
        let since = healed.max(*began);
        let is_exhausted = self.exhausted.is_some_and(|exhausted| exhausted >= since);
        (at.since(since) > BOUND && !is_exhausted).then(|| {
            let facts = [
                format!("it wants an address since {began}"),
                format!("everything is healed since {healed}, and addresses are free"),
            ];
            Violation::new(
                "L1",
                at,
                format!("{number} ({client}) is not served"),
                facts,
            )
        })
    }
}
