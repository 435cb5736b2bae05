//! L1: with a quorum in reach, whoever wants an address gets one. Judged after the last fault is
//! healed, in bounded virtual time.

use super::peace::Peace;
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
}

impl L1 {
    pub(super) fn client(&mut self, event: &Event, peace: &Peace) -> Verdict {
        match event.what {
            What::Began => {
                let wanting = (event.client.clone(), event.at);
                self.wanting.entry(event.number).or_insert(wanting);
                Ok(())
            }
            What::Bound { .. } => {
                let late = self.late(event.at, event.number, peace);
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
    pub(super) fn finish(&self, at: TrueTime, peace: &Peace) -> Verdict {
        let mut late = self
            .wanting
            .keys()
            .filter_map(|number| self.late(at, *number, peace));
        late.next().map_or(Ok(()), Err)
    }

    fn late(&self, at: TrueTime, number: ClientNumber, peace: &Peace) -> Option<Violation> {
        let healed = peace.since()?;
        let (client, began) = self.wanting.get(&number)?;
        let since = healed.max(*began);
        (at.since(since) > BOUND && !peace.was_exhausted(since)).then(|| {
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
