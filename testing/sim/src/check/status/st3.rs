//! ST3: who can serve does. A node that is whole, with the leader and a majority, for long, is in service.

use super::Shown;
use crate::check::violation::{Verdict, Violation};
use crate::client::TrueTime;
use ipam::NodeId;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a node may go without service, though it could.
const WITHIN: Duration = Duration::from_secs(15);

/// Since when each node could serve, and does not.
#[derive(Clone, Debug, Default)]
pub(super) struct St3(BTreeMap<NodeId, TrueTime>);

impl St3 {
    pub(super) fn shown(&mut self, shown: &Shown) -> Verdict {
        let Some(reason) = shown.reason.as_ref().filter(|_| shown.could) else {
            self.0.remove(&shown.node);
            return Ok(());
        };
        let since = *self.0.entry(shown.node).or_insert(shown.at);
        if shown.at.since(since) <= WITHIN {
            return Ok(());
        }
        let facts = [
            format!("since {since} it, the leader and a majority are whole"),
            format!("it says: {reason}"),
        ];
        let about = format!("node {} does not serve, and could", shown.node);
        Err(Violation::new("ST3", shown.at, about, facts))
    }
}
