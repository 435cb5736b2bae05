//! S8, same state: every node that has applied entry N has the same state, byte for byte.

use super::violation::{Verdict, Violation};
use crate::client::TrueTime;
use ipam::{LogPosition, NodeId};
use std::collections::BTreeMap;

/// The digest after every entry, by whoever showed it first.
#[derive(Clone, Debug, Default)]
pub(super) struct S8 {
    seen: BTreeMap<u64, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    node: NodeId,
    term: u64,
    digest: [u8; 32],
}

impl S8 {
    /// A node has applied an entry, and its state has this digest.
    pub(super) fn applied(
        &mut self,
        at: TrueTime,
        node: NodeId,
        position: LogPosition,
        digest: [u8; 32],
    ) -> Verdict {
        let LogPosition { term, index } = position;
        let mine = Seen { node, term, digest };
        let first = *self.seen.entry(index).or_insert(mine);
        if first.digest == digest && first.term == term {
            return Ok(());
        }
        // Another entry at the same place: the committed one was lost, and with it what it granted.
        let promise = if first.term == term { "S8" } else { "S2" };
        let in_words = |seen: Seen| {
            let Seen { node, term, digest } = seen;
            let [a, b, c, d, ..] = digest;
            format!("node {node}: term {term}, digest {a:02x}{b:02x}{c:02x}{d:02x}…")
        };
        Err(Violation::new(
            promise,
            at,
            format!("two nodes differ after entry {index}"),
            [in_words(first), in_words(mine)],
        ))
    }
}
