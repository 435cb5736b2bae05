//! T1: the cluster clock is in the state, and never goes back.

use super::violation::{Verdict, Violation};
use crate::client::TrueTime;
use ipam::{ClusterTime, LogPosition, NodeId};
use std::collections::BTreeMap;

/// The clock after every entry.
#[derive(Clone, Debug, Default)]
pub(super) struct T1 {
    clocks: BTreeMap<u64, ClusterTime>,
}

impl T1 {
    /// A node has applied an entry, and its clock shows this.
    pub(super) fn applied(
        &mut self,
        at: TrueTime,
        node: NodeId,
        position: LogPosition,
        clock: ClusterTime,
    ) -> Verdict {
        let index = position.index;
        self.clocks.entry(index).or_insert(clock);
        let earlier = self.clocks.range(..index).next_back();
        let later = self.clocks.range(index + 1..).next();
        let facts = match (earlier, later) {
            (Some((entry, earlier)), _) if *earlier > clock => (*entry, *earlier),
            (_, Some((entry, later))) if *later < clock => (*entry, *later),
            _ => return Ok(()),
        };
        Err(Violation::new(
            "T1",
            at,
            format!("the cluster clock goes back on node {node}"),
            [
                format!("after entry {} it shows {}", facts.0, facts.1),
                format!("after entry {index} it shows {clock}"),
            ],
        ))
    }
}
