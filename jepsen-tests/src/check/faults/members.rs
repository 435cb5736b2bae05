//! Who was a member of the cluster, as far as can be known.

use std::collections::BTreeSet;

use crate::history::{Function, History, Kind, Value};

/// More outcomes than this, and nothing is claimed any more.
const MOST_OUTCOMES: usize = 64;

/// Nodes that may make up the cluster.
pub type MemberSet = BTreeSet<String>;

/// All that may be, from each moment on.
#[derive(Clone, Debug)]
pub struct Members {
    since: Vec<(u64, BTreeSet<MemberSet>)>,
}

/// A step of a change of members.
enum Step<'a> {
    /// It may have happened from now on.
    Maybe(&'a Function, &'a str),
    /// It has.
    Done(&'a Function, &'a str),
}

impl Members {
    pub fn of(history: &History) -> Self {
        let setup = history.setup();
        let first: Option<MemberSet> = setup.map(|setup| {
            let names = setup.members.iter();
            names.map(|(name, _)| name.clone()).collect()
        });
        let mut since = vec![(0, first.into_iter().collect())];
        for (time, step) in steps(history) {
            let (_, before) = &since[since.len() - 1];
            let after = next(before, &step);
            since.push((time, after));
        }
        Self { since }
    }

    /// When something changes.
    pub fn moments(&self) -> impl Iterator<Item = u64> {
        self.since.iter().map(|(time, _)| *time)
    }

    /// All that may be at `time`; nothing if it is not known at all.
    pub fn at(&self, time: u64) -> &BTreeSet<MemberSet> {
        let place = self.since.partition_point(|(since, _)| *since <= time);
        &self.since[place.max(1) - 1].1
    }
}

fn steps(history: &History) -> Vec<(u64, Step<'_>)> {
    let mut steps = Vec::new();
    for call in history.calls() {
        let function = &call.invoke.function;
        let Value::Member(member) = &call.invoke.value else {
            continue;
        };
        steps.push((
            call.invoke.time,
            Step::Maybe(function, member.node.as_str()),
        ));
        if let Some(end) = call.ended().filter(|_| call.kind() == Kind::Ok) {
            steps.push((end, Step::Done(function, member.node.as_str())));
        }
    }
    steps.sort_by_key(|(time, _)| *time);
    steps
}

fn next(before: &BTreeSet<MemberSet>, step: &Step<'_>) -> BTreeSet<MemberSet> {
    let change = |set: &MemberSet, function: &Function, node: &str| {
        let mut set = set.clone();
        match function {
            Function::NodeAdd => set.insert(node.to_owned()),
            _ => set.remove(node),
        };
        set
    };
    let after: BTreeSet<MemberSet> = match step {
        Step::Maybe(function, node) => {
            let changed = before.iter().map(|set| change(set, function, node));
            before.iter().cloned().chain(changed).collect()
        }
        Step::Done(function, node) => {
            let changed = before.iter().map(|set| change(set, function, node));
            changed.collect()
        }
    };
    if after.len() > MOST_OUTCOMES {
        BTreeSet::new()
    } else {
        after
    }
}
