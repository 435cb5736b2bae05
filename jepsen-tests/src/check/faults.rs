//! When which faults were on, and who then had a quorum in reach.
//!
//! A fault comes on between the two lines of its `:start-…` and goes off between those of its
//! `:stop-…`. So it is *surely* on from the second of the one to the first of the other, and
//! *possibly* on from the first to the last. To accuse a node of speaking while cut off, only sure
//! faults count; to accuse the cluster of silence, only the absence of possible ones.
//!
//! A peer link works while neither way is cut: what passes is TCP. Who is a member is taken from the
//! operators' changes; while one is under way or unknown, all outcomes are considered.

mod members;
mod reach;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::history::{Fault, Function, History, Process, Value};

use super::spans::{Span, common, complement, merged};
use members::Members;
use reach::Faulty;

/// A fault, and when it was on. What has not ended is on until the end of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSpan {
    /// Its name.
    pub name: String,
    /// What it does.
    pub fault: Fault,
    /// Possibly on.
    pub possible: Span,
    /// Surely on; nothing, if it never surely was.
    pub sure: Option<Span>,
}

/// The faults of a history.
#[derive(Clone, Debug)]
pub struct Faults {
    all: Vec<FaultSpan>,
    members: Members,
    /// Every moment at which something changes, and the end.
    moments: Vec<u64>,
}

impl Faults {
    /// The faults of a history.
    pub fn of(history: &History) -> Self {
        let end = history.end().saturating_add(1);
        let mut all = fault_spans(history, end);
        all.extend(stalls(history));
        all.sort_by_key(|span| span.possible);
        let members = Members::of(history);
        let of_fault = |span: &FaultSpan| {
            let sure = span
                .sure
                .into_iter()
                .flat_map(|(from, until)| [from, until]);
            let possible = [span.possible.0, span.possible.1];
            possible.into_iter().chain(sure).collect::<Vec<_>>()
        };
        let mut moments: Vec<u64> = all.iter().flat_map(of_fault).collect();
        moments.extend(members.moments());
        moments.extend([0, end]);
        moments.sort_unstable();
        moments.dedup();
        Self {
            all,
            members,
            moments,
        }
    }

    /// All, by their beginning.
    pub fn all(&self) -> &[FaultSpan] {
        &self.all
    }

    /// When `node` surely ran and surely had no quorum in reach.
    pub fn cut_off(&self, node: &str) -> Vec<Span> {
        self.while_true(|at| {
            let sure = self.surely(at);
            let runs = !self.possibly(at).is_down(node);
            let members = self.members.at(at);
            runs && !members.is_empty() && members.iter().all(|set| !sure.in_reach(node, set))
        })
    }

    /// When a majority surely ran undisturbed, and every client surely heard it: no other faults were
    /// on than dead processes and cut peer links. A node that may or may not be a member does not count:
    /// it may have come back empty.
    pub fn served(&self) -> Vec<Span> {
        self.while_true(|at| self.possibly(at).spares_clients() && self.majority_at(at))
    }

    /// When a majority surely ran undisturbed, whatever was wrong with the others and with the clients near
    /// them.
    pub fn majority(&self) -> Vec<Span> {
        self.while_true(|at| self.majority_at(at))
    }

    fn majority_at(&self, at: u64) -> bool {
        let (possible, members) = (self.possibly(at), self.members.at(at));
        let sure = self.members_at(at).collect();
        let mut sets = members.iter();
        !members.is_empty() && sets.all(|set| possible.serves(set, &sure))
    }

    /// When a fault was possibly aimed at `node`, or kept clients from being heard there.
    pub fn hits(&self, node: &str) -> Vec<Span> {
        let hits = self.all.iter().filter(|span| {
            let fault = &span.fault;
            let nodes = [&fault.targets, &fault.down, &fault.unheard];
            nodes.iter().any(|nodes| nodes.iter().any(|it| it == node))
        });
        merged(hits.map(|span| span.possible), 0)
    }

    /// When a minority was at most gone, everything else was well, and nothing had changed for `change`, nor had
    /// a majority been missing for `outage`.
    pub fn steady(&self, change: u64, outage: u64) -> Vec<Span> {
        let end = self.moments.last().copied().unwrap_or(0);
        let spans = self.served().into_iter();
        let settled = spans.map(|(from, until)| {
            (
                if from == 0 {
                    0
                } else {
                    from.saturating_add(outage)
                },
                until,
            )
        });
        let settled: Vec<Span> = settled.filter(|(from, until)| from < until).collect();
        let edges = self
            .all
            .iter()
            .flat_map(|span| [span.possible.0, span.possible.1]);
        let edges = edges.chain(self.members.moments().filter(|time| *time > 0));
        let changes = edges.map(|time| (time, time.saturating_add(change)));
        let mut unsettled: Vec<Span> = changes.collect();
        unsettled.sort_unstable();
        common(&settled, &complement(&merged(unsettled, 0), end))
    }

    /// When some fault was possibly on.
    pub fn troubled(&self) -> Vec<Span> {
        merged(self.all.iter().map(|span| span.possible), 0)
    }

    /// When surely no fault was on, and nobody was changing the members.
    pub fn quiet(&self) -> Vec<Span> {
        self.while_true(|at| {
            let on = |span: &FaultSpan| span.possible.0 <= at && at < span.possible.1;
            self.members.at(at).len() == 1 && !self.all.iter().any(on)
        })
    }

    /// Who surely is a member at `time`.
    pub fn members_at(&self, time: u64) -> impl Iterator<Item = &str> {
        let sets = self.members.at(time);
        let first = sets.iter().next().into_iter().flatten();
        let sure = first.filter(|node| sets.iter().all(|set| set.contains(*node)));
        sure.map(String::as_str)
    }

    /// The spans in which `holds` is true at the beginning of every part.
    fn while_true(&self, holds: impl Fn(u64) -> bool) -> Vec<Span> {
        let parts = self.moments.windows(2).map(|pair| (pair[0], pair[1]));
        merged(parts.filter(|(from, _)| holds(*from)), 0)
    }

    fn surely(&self, at: u64) -> Faulty<'_> {
        let on = |span: &&FaultSpan| {
            span.sure
                .is_some_and(|(from, until)| from <= at && at < until)
        };
        Faulty::new(self.all.iter().filter(on).map(|span| &span.fault))
    }

    fn possibly(&self, at: u64) -> Faulty<'_> {
        let on = |span: &&FaultSpan| span.possible.0 <= at && at < span.possible.1;
        Faulty::new(self.all.iter().filter(on).map(|span| &span.fault))
    }
}

/// The nodes' names by their listen IPs.
pub fn node_names(history: &History) -> BTreeMap<Ipv4Addr, &str> {
    let mut names = BTreeMap::new();
    for operation in history.operations() {
        match &operation.value {
            Value::Setup(setup) => {
                let members = setup.members.iter();
                names.extend(members.map(|(name, address)| (*address, name.as_str())));
            }
            Value::Member(member) => {
                let address = member.address.into_iter();
                names.extend(address.map(|address| (address, member.node.as_str())));
            }
            _ => {}
        }
    }
    names
}

/// Longer than this the machine stands still, and nothing is owed by anybody.
pub(super) const STANDSTILL: u64 = 1_000_000_000;

/// The machine's own faults: they hit every node. Nobody is held to be cut off by them.
fn stalls(history: &History) -> impl Iterator<Item = FaultSpan> + use<'_> {
    let members = history.setup().into_iter().flat_map(|setup| &setup.members);
    let all: Vec<String> = members.map(|(name, _)| name.clone()).collect();
    let lines = history.operations().iter();
    lines.filter_map(move |line| match &line.value {
        Value::Stall(stall) if line.time - stall.since.min(line.time) > STANDSTILL => {
            Some(FaultSpan {
                name: "machine".to_owned(),
                fault: Fault {
                    targets: all.clone(),
                    detail: Some(stall.what.clone()),
                    ..Fault::default()
                },
                possible: (stall.since, line.time.saturating_add(1)),
                sure: None,
            })
        }
        _ => None,
    })
}

/// Whether a line is the first or the second of its kind in a row: before it was done, or after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Before,
    After,
}

fn fault_spans(history: &History, end: u64) -> Vec<FaultSpan> {
    let mut spans: Vec<FaultSpan> = Vec::new();
    let mut halves: BTreeMap<(&Function, Vec<String>), Half> = BTreeMap::new();
    let lines = history.operations().iter();
    for operation in lines.filter(|operation| operation.process == Process::Nemesis) {
        let none = Fault::default();
        let fault = match &operation.value {
            Value::Fault(fault) => fault,
            _ => &none,
        };
        let key = (&operation.function, fault.targets.clone());
        let half = match halves.get(&key) {
            Some(Half::Before) => Half::After,
            _ => Half::Before,
        };
        halves.insert(key, half);
        match &operation.function {
            Function::Start(name) => start(&mut spans, name, fault, half, operation.time, end),
            Function::Stop(name) => stop(&mut spans, name, fault, half, operation.time, end),
            _ => {}
        }
    }
    spans
}

fn start(spans: &mut Vec<FaultSpan>, name: &str, fault: &Fault, half: Half, now: u64, end: u64) {
    if half == Half::Before {
        spans.push(FaultSpan {
            name: name.to_owned(),
            fault: fault.clone(),
            possible: (now, end),
            sure: None,
        });
        return;
    }
    let same = |span: &&mut FaultSpan| span.name == name && span.fault.targets == fault.targets;
    if let Some(span) = spans.iter_mut().rev().find(same) {
        // What it did in the end may be more than was planned.
        span.fault = fault.clone();
        span.sure = Some((now, end));
    }
}

/// Ends those of this name and these targets; with no targets, all of this name. From the beginning
/// of that, others are no longer sure either, if they are of the same kind or hit the same node: what
/// heals one may undo another.
fn stop(spans: &mut [FaultSpan], name: &str, fault: &Fault, half: Half, now: u64, end: u64) {
    let hit = |span: &FaultSpan| {
        let targets = fault.targets.is_empty() || span.fault.targets == fault.targets;
        span.name == name && targets && span.possible.1 == end
    };
    if half == Half::After {
        for span in spans.iter_mut().filter(|span| hit(span)) {
            span.possible.1 = now;
        }
        return;
    }
    let healed: Vec<Fault> = spans
        .iter()
        .filter(|span| hit(span))
        .map(|span| span.fault.clone())
        .collect();
    for span in spans.iter_mut() {
        if healed.iter().any(|healed| may_undo(healed, &span.fault)) {
            let sure = span.sure.filter(|(from, _)| *from < now);
            span.sure = sure.map(|(from, until)| (from, until.min(now)));
        }
    }
}

fn may_undo(healed: &Fault, other: &Fault) -> bool {
    let both_down = !healed.down.is_empty() && !other.down.is_empty();
    let both_cut = !healed.cut.is_empty() && !other.cut.is_empty();
    let hits = |node: &String| healed.targets.contains(node);
    both_down || both_cut || healed == other || other.targets.iter().any(hits)
}
