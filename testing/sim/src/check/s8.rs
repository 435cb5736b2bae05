//! S8, same state: every node that has applied entry N has the same state, byte for byte. One that differs from more of
//! the others than it agrees with stops answering ("S8 silence": to be judged also where states are made to differ).

use super::facts::Answer;
use super::violation::{Verdict, Violation};
use crate::client::TrueTime;
use ipam::{LogPosition, NodeId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The digest after every entry, by whoever showed it first.
#[derive(Clone, Debug, Default)]
pub(super) struct S8 {
    seen: BTreeMap<u64, Seen>,
    /// Each node's digest after the newest entries.
    digests: BTreeMap<u64, BTreeMap<NodeId, [u8; 32]>>,
    /// Since when a node differs from more of the others than it agrees with.
    outvoted: BTreeMap<NodeId, TrueTime>,
}

/// Of so many entries each node's digest is remembered: nodes are not further apart for long.
const REMEMBERED: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Seen {
    node: NodeId,
    term: u64,
    digest: [u8; 32],
}

impl S8 {
    /// Whether a node has shown this state after this entry before.
    pub(super) fn has_seen(&self, position: LogPosition, digest: [u8; 32]) -> bool {
        let seen = self.seen.get(&position.index);
        seen.is_some_and(|seen| seen.digest == digest)
    }

    /// A node has applied an entry, and its state has this digest.
    pub(super) fn applied(
        &mut self,
        at: TrueTime,
        node: NodeId,
        position: LogPosition,
        digest: [u8; 32],
    ) -> Verdict {
        let LogPosition { term, index } = position;
        self.compare(at, node, index, digest);
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

    /// Takes up who differs from whom. Nothing changes where nobody else has shown the same entry.
    fn compare(&mut self, at: TrueTime, node: NodeId, index: u64, digest: [u8; 32]) {
        let of = self.digests.entry(index).or_default();
        of.insert(node, digest);
        for (one, mine) in &*of {
            let others = of.iter().filter(|(other, _)| *other != one);
            let (same, differ): (Vec<_>, Vec<_>) = others.partition(|(_, theirs)| *theirs == mine);
            if differ.len() > same.len() {
                self.outvoted.entry(*one).or_insert(at);
            } else if of.len() > 1 {
                self.outvoted.remove(one);
            }
        }
        while self.digests.len() > REMEMBERED {
            self.digests.pop_first();
        }
    }

    /// Judges a reply. A node may take `noticed_within` to notice, and to send what was decided before.
    pub(super) fn replied(&self, answer: &Answer<'_>, noticed_within: Duration) -> Verdict {
        let sent = answer.sent;
        let since = self.outvoted.get(&sent.node);
        let Some(since) = since.filter(|since| sent.at.since(**since) > noticed_within) else {
            return Ok(());
        };
        let (kind, xid) = (answer.reply.kind, answer.reply.xid);
        Err(Violation::new(
            "S8 silence",
            sent.at,
            format!("node {} answers, and its state differs", sent.node),
            [
                format!("it differs from more nodes than it agrees with since {since}"),
                format!("it sent {kind:?} with xid {xid:#x}"),
            ],
        ))
    }
}
