//! What was wrong with which node, and when: what the faults and operations of a history come to.
//!
//! A fault's fields say who was down and what was cut; what else it does to the nodes that it is aimed at
//! is in [`FAULTS`]. A nemesis without a row there explains nothing: a test of the nemeses demands one.

use std::collections::BTreeMap;

use causes::Trouble::{
    self, Address, DiskFails, DiskSlow, DiskWentBack, Down, Election, ForeignRules, Forwarding,
    Late, Network, NoMember, Paused, Removal, Uplink,
};

use super::{Look, Looks};
use crate::check::Case;
use crate::check::faults::{FaultSpan, STANDSTILL};
use crate::check::spans::{Span, merged};
use crate::history::{Function, Kind, Stall, Value};

/// A fault by its name, and what is wrong then with the nodes that it is aimed at.
const FAULTS: &[(&str, &[Trouble])] = &[
    ("kill", &[Down]),
    ("pause", &[Paused]),
    ("restart-all", &[Down]),
    ("partition", &[Network]),
    ("partition-one-way", &[Network]),
    ("partition-raft", &[Network]),
    // The peers' network works.
    ("partition-dhcp", &[]),
    ("isolate-leader", &[Network]),
    ("loss", &[Network]),
    ("delay", &[Network]),
    ("clock", &[]),
    // Healing them is a restart.
    ("disk-full", &[DiskFails, Down]),
    ("fsync-fail", &[DiskFails, Down]),
    ("slow-disk", &[DiskSlow]),
    ("power-cut", &[Down, DiskFails]),
    ("power-cut-all", &[Down, DiskFails]),
    ("flush-ruleset", &[]),
    // Started meanwhile, it ends by itself.
    ("listen-ip", &[Address, Down]),
    ("membership", &[Down, NoMember, Removal]),
    ("rollback", &[Down, DiskWentBack]),
    ("copy", &[Down, DiskWentBack, Network]),
    ("wipe", &[Down, NoMember, Removal, DiskWentBack]),
    (
        "bootstrap-left-on",
        &[Down, NoMember, Removal, DiskWentBack],
    ),
    ("moved", &[Down, Address]),
    ("uplink", &[Uplink]),
    ("foreign-firewall", &[ForeignRules]),
    ("forwarding-off", &[Forwarding]),
    // A stream is changed by a restart.
    ("log-reader", &[Down]),
    ("log-full", &[Down]),
    ("foreign-cluster", &[]),
    // Of any two in its pool: a test of the nemesis holds them together.
    (
        "two-at-once",
        &[Down, Paused, Network, Address, Uplink, ForeignRules],
    ),
];

/// A round trip that was late by less than a second is not shown for longer: the next one is in time again.
const LATE_FOR: u64 = 5_000_000_000;

/// What is no further apart is one trouble: a busy machine has thousands.
const TOGETHER: u64 = 1_000_000_000;

/// What a fault of this name does to its nodes, if that is known.
pub fn troubles_of(fault: &str) -> Option<&'static [Trouble]> {
    let row = FAULTS.iter().find(|(name, _)| *name == fault)?;
    Some(row.1)
}

/// What was wrong, when.
pub(super) struct Troubles {
    spans: BTreeMap<(String, Trouble), Vec<Span>>,
}

impl Troubles {
    pub(super) fn of(case: &Case<'_>, looks: &Looks<'_>) -> Self {
        let mut troubles = Self {
            spans: BTreeMap::new(),
        };
        for fault in case.faults.all() {
            troubles.note_fault(fault);
        }
        troubles.note_members(case);
        troubles.note_stalls(case);
        troubles.note_elections(looks);
        // Before the history there was the cluster's beginning.
        for node in looks.0.keys() {
            for trouble in [Down, NoMember, Election] {
                troubles.note(node, trouble, (0, 0));
            }
        }
        for spans in troubles.spans.values_mut() {
            spans.sort_unstable();
            *spans = merged(std::mem::take(spans), TOGETHER);
        }
        troubles
    }

    /// Whether one of these was wrong with `node`, or with anybody, no longer than `within` ago.
    pub(super) fn was(
        &self,
        node: Option<&str>,
        of: &[Trouble],
        look: &Look<'_>,
        within: u64,
    ) -> bool {
        let mut all = self.spans.iter();
        all.any(|((who, trouble), spans)| {
            node.is_none_or(|node| node == who)
                && of.contains(trouble)
                && latest(spans, look).is_some_and(|span| {
                    let most = if *trouble == Late { LATE_FOR } else { u64::MAX };
                    is_near(span, look, within.min(most))
                })
        })
    }

    fn note(&mut self, node: &str, trouble: Trouble, span: Span) {
        let spans = self.spans.entry((node.to_owned(), trouble)).or_default();
        spans.push(span);
    }

    fn note_fault(&mut self, span: &FaultSpan) {
        let fault = &span.fault;
        let troubles = troubles_of(&span.name).unwrap_or_default();
        for node in &fault.targets {
            for trouble in troubles {
                self.note(node, *trouble, span.possible);
            }
        }
        let paused = troubles.contains(&Paused);
        for node in fault.down.iter().filter(|_| !paused) {
            self.note(node, Down, span.possible);
        }
        for node in fault.cut.iter().flat_map(|(from, to)| [from, to]) {
            self.note(node, Network, span.possible);
        }
    }

    /// The machine's stalls, at every node. Short ones excuse nobody from serving.
    fn note_stalls(&mut self, case: &Case<'_>) {
        let setup = case.history.setup().into_iter();
        let nodes: Vec<&String> = setup.flat_map(|it| &it.members).map(|it| &it.0).collect();
        for line in case.history.operations() {
            let Value::Stall(stall) = &line.value else {
                continue;
            };
            let span = (stall.since, line.time);
            for node in &nodes {
                for trouble in of_stall(&stall.what, span) {
                    self.note(node, *trouble, span);
                }
            }
        }
    }

    /// A node is no member from when its removal begins until it is known to be one again.
    fn note_members(&mut self, case: &Case<'_>) {
        let end = case.history.end();
        for call in case.history.calls() {
            let Value::Member(member) = &call.invoke.value else {
                continue;
            };
            let span = (call.invoke.time, call.ended().unwrap_or(end));
            self.note(&member.node, NoMember, span);
            // Its directory is emptied, and it is started.
            self.note(&member.node, Down, span);
            if call.invoke.function == Function::NodeRemove {
                self.note(&member.node, Removal, span);
                let back = case.history.calls().find(|later| {
                    let same = matches!(&later.invoke.value, Value::Member(it) if it == member);
                    let adds = later.invoke.function == Function::NodeAdd;
                    same && adds && later.invoke.time > span.0 && later.kind() == Kind::Ok
                });
                let until = back.and_then(|back| back.ended()).unwrap_or(end);
                self.note(&member.node, NoMember, (span.0, until));
            }
        }
    }

    /// Where a node names nobody as leader, or another than before, or a new term, there was an election
    /// between the two answers.
    fn note_elections(&mut self, looks: &Looks<'_>) {
        for (node, looks) in &looks.0 {
            let told = looks.iter().filter_map(|look| {
                let told = look.shown.told.as_ref()?;
                Some((look.line.time, told.term, told.leader.as_deref()))
            });
            let told: Vec<_> = told.collect();
            for pair in told.windows(2) {
                let ((before, term, leader), (after, new_term, new_leader)) = (pair[0], pair[1]);
                if (term, leader) != (new_term, new_leader) || new_leader.is_none() {
                    self.note(node, Election, (before, after));
                }
            }
        }
    }
}

/// What a stall of the machine does to every node.
fn of_stall(what: &str, span: Span) -> &'static [Trouble] {
    match what {
        _ if span.1.saturating_sub(span.0) <= STANDSTILL => &[Late],
        Stall::DISK => &[DiskSlow],
        Stall::PROCESSOR => &[Paused, Network],
        _ => &[],
    }
}

/// The last that had begun when the node answered: of spans that do not overlap, it ends last.
fn latest(spans: &[Span], look: &Look<'_>) -> Option<Span> {
    let begun = spans.partition_point(|span| span.0 <= look.line.time);
    begun.checked_sub(1).map(|last| spans[last])
}

fn is_near(span: Span, look: &Look<'_>, within: u64) -> bool {
    span.0 <= look.line.time && look.shown.asked.saturating_sub(span.1) <= within
}
