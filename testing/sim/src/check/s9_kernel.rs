//! S9, in the kernels of the hosts, which outlive the processes: what was withdrawn does not open again, and
//! is closed within a second of being applied at a node that is level.

use super::violation::{Verdict, Violation};
use crate::client::TrueTime;
use ipam::{NodeId, Protocol};
use natd::ruleset::Targets;
use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::time::Duration;

/// How long a node may take, and a look more.
const WITHIN: Duration = Duration::from_millis(1100);

/// What one node's kernel has open, beside what it should.
#[derive(Clone, Debug)]
pub struct Opened {
    /// When.
    pub at: TrueTime,
    /// Which node.
    pub node: NodeId,
    /// Which of its lives.
    pub life: u64,
    /// The newest entry that it has applied; none before the first.
    pub applied: Option<u64>,
    /// Whether it serves and has been level since it started.
    pub serves: bool,
    /// Where its kernel's forwards lead.
    pub open: Targets,
    /// Where they should, by the state that it has applied.
    pub own: Targets,
    /// Where they should, by the newest state of all.
    pub newest: Targets,
    /// The newest entry of all.
    pub newest_index: u64,
}

type Forward = ((Protocol, u16), SocketAddrV4);

/// What was seen of each node.
#[derive(Clone, Debug, Default)]
pub(super) struct Kernels(BTreeMap<NodeId, Seen>);

#[derive(Clone, Debug, Default)]
struct Seen {
    life: u64,
    /// What was applied somewhere when this life began: once this node has it too, it is level.
    goal: u64,
    open: Targets,
    /// Forwards that should be closed, since when.
    late: BTreeMap<Forward, TrueTime>,
}

impl Kernels {
    pub(super) fn seen(&mut self, now: &Opened) -> Verdict {
        let seen = self.0.entry(now.node).or_default();
        if seen.life != now.life {
            seen.life = now.life;
            seen.goal = now.newest_index;
            seen.late.clear();
        }
        let broken = |(of, target): Forward, facts: [String; 2]| {
            let about = format!("node {} leads {of:?} to {target}", now.node);
            Err(Violation::new("S9", now.at, about, facts))
        };
        let is_level = now.applied.is_some_and(|applied| applied >= seen.goal);
        let before = std::mem::replace(&mut seen.open, now.open.clone());
        let opened = now.open.iter().map(|(of, target)| (*of, *target));
        for (of, target) in opened.clone() {
            let opens = before.get(&of) != Some(&target);
            if opens && !is_level && now.newest.get(&of) != Some(&target) {
                let facts = [
                    format!("it was withdrawn: entry {} has it not", now.newest_index),
                    format!(
                        "it was closed, and opens in life {}, which has applied {:?} of {} entries",
                        now.life, now.applied, seen.goal
                    ),
                ];
                return broken((of, target), facts);
            }
        }
        let wrong = |(of, target): &Forward| now.own.get(of) != Some(target);
        let wrong: Vec<Forward> = opened.filter(wrong).filter(|_| now.serves).collect();
        seen.late.retain(|forward, _| wrong.contains(forward));
        for forward in wrong {
            let since = *seen.late.entry(forward).or_insert(now.at);
            if now.at.since(since) > WITHIN {
                let facts = [
                    format!("since {since} it is level, and has applied that it is withdrawn"),
                    "its kernel has it open all the same".to_owned(),
                ];
                return broken(forward, facts);
            }
        }
        Ok(())
    }
}
