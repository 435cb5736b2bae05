//! The flows of a history: when each passed, when its forward was wanted, and when something was the matter with
//! its host.
//!
//! A message passes that is answered soon. An outage is counted in messages too, so that a caller that had no
//! processor accuses nobody.

use std::collections::BTreeMap;

use super::Case;
use super::spans::{Span, common, merged, without};
use crate::history::{Call, FlowEvent, Function, History, Kind, Value};

/// An answer that takes longer came too late to have passed.
const SOON: u64 = 2_000_000_000;
/// Messages that an outage has at least: a caller sends three a second.
const MESSAGES: u64 = 8;
/// A change of a forward that nobody knows the outcome of may still come for so long: a proposal is given up
/// after 2.5 s.
const UNSETTLED: u64 = 5_000_000_000;

/// Faults that leave the rules of a host's kernel, and what passes there, alone: NAT goes on without its daemon.
const ELSEWHERE: [&str; 20] = [
    "kill",
    "pause",
    "restart-all",
    "partition",
    "partition-one-way",
    "partition-raft",
    "partition-dhcp",
    "isolate-leader",
    "loss",
    "delay",
    "clock",
    "disk-full",
    "fsync-fail",
    "slow-disk",
    "power-cut",
    "power-cut-all",
    "log-reader",
    "log-full",
    "rollback",
    "foreign-cluster",
];

/// One flow.
pub(super) struct FlowStory<'a> {
    pub name: &'a str,
    /// The host that it goes through.
    pub node: &'a str,
    /// The forward that it comes in by; none, if it goes out.
    pub public: Option<&'a str>,
    pub target: &'a str,
    /// The line that says where it leads.
    pub index: u64,
    pub span: Span,
    /// Answers, as they came.
    pub answered: Vec<AnsweredMessage<'a>>,
    /// Connections that ended: when, and the line.
    pub broken: Vec<(u64, u64)>,
    /// The number of its last message.
    last: u64,
}

/// An answer.
pub(super) struct AnsweredMessage<'a> {
    pub index: u64,
    pub number: u64,
    pub sent: u64,
    pub at: u64,
    pub by: &'a str,
}

/// All flows of a history.
pub(super) fn stories(history: &History) -> Vec<FlowStory<'_>> {
    let mut all: BTreeMap<&str, FlowStory<'_>> = BTreeMap::new();
    for operation in history.operations() {
        let (Value::Flow(flow), Some(node)) = (&operation.value, &operation.node) else {
            continue;
        };
        let story = all.entry(&flow.flow).or_insert_with(|| FlowStory {
            name: &flow.flow,
            node,
            public: flow.public.as_deref(),
            target: flow.target.as_deref().unwrap_or_default(),
            index: operation.index,
            span: (operation.time, operation.time),
            answered: Vec::new(),
            broken: Vec::new(),
            last: 0,
        });
        story.span.1 = operation.time;
        story.last = story.last.max(flow.number);
        match (flow.event, flow.sent, &flow.by) {
            (FlowEvent::Answered, Some(sent), Some(by)) => story.answered.push(AnsweredMessage {
                index: operation.index,
                number: flow.number,
                sent,
                at: operation.time,
                by,
            }),
            (FlowEvent::Broken, ..) => story.broken.push((operation.time, operation.index)),
            _ => {}
        }
    }
    all.into_values().collect()
}

impl FlowStory<'_> {
    /// The messages that passed: when they were sent.
    pub fn passed(&self) -> impl Iterator<Item = &AnsweredMessage<'_>> {
        let soon = |message: &&AnsweredMessage<'_>| message.at.saturating_sub(message.sent) <= SOON;
        self.answered.iter().filter(soon)
    }

    /// When nothing passed though something was sent again and again.
    pub fn outages(&self) -> Vec<Span> {
        let mut passed: Vec<(u64, u64)> = self.passed().map(|one| (one.number, one.sent)).collect();
        passed.sort_unstable();
        passed.insert(0, (0, self.span.0));
        passed.push((self.last.saturating_add(1), self.span.1));
        let outage = |pair: &[(u64, u64)]| {
            let ((first, from), (second, until)) = (pair[0], pair[1]);
            let unanswered = second.saturating_sub(first.saturating_add(1));
            (unanswered >= MESSAGES && from < until).then_some((from, until))
        };
        passed.windows(2).filter_map(outage).collect()
    }

    /// When the operators surely want it to pass: always, or from a change that is done to the next that is asked for.
    pub fn wanted(&self, history: &History) -> Vec<Span> {
        match self.public {
            None => vec![self.span],
            Some(public) => common(&[self.span], &standing(history, public, true)),
        }
    }

    /// When they surely do not want it to.
    pub fn unwanted(&self, history: &History) -> Vec<Span> {
        match self.public {
            None => Vec::new(),
            Some(public) => common(&[self.span], &standing(history, public, false)),
        }
    }
}

/// When a forward surely is there, or surely is not.
fn standing(history: &History, public: &str, there: bool) -> Vec<Span> {
    let is_ours = |call: &Call<'_>| match &call.invoke.value {
        Value::Forward(forward) => forward.public == public,
        _ => false,
    };
    let mut changes: Vec<Call<'_>> = history.calls().filter(is_ours).collect();
    changes.retain(|call| call.kind() != Kind::Fail);
    let mut spans = Vec::new();
    if !there {
        let first = changes.first().map(|call| call.invoke.time);
        spans.push((0, first.unwrap_or(history.end())));
    }
    let wanted = if there {
        Function::ForwardAdd
    } else {
        Function::ForwardRemove
    };
    for (place, call) in changes.iter().enumerate() {
        let Some(done) = call.ended().filter(|_| call.kind() == Kind::Ok) else {
            continue;
        };
        let is_other = |other: &&Call<'_>| other.invoke.function != wanted;
        // Of two at the same time nobody knows which came last, however long ago.
        let overlaps = |other: &Call<'_>| {
            let ended = other.ended().filter(|_| other.kind() == Kind::Ok);
            ended.is_some_and(|ended| ended > call.invoke.time)
        };
        let before = || changes[..place].iter().filter(is_other);
        if before().any(overlaps) {
            continue;
        }
        let next = changes[place + 1..].iter().find(is_other);
        let until = next.map_or(history.end(), |next| next.invoke.time);
        let unsettled = before().filter(|other| other.kind() == Kind::Info);
        let settled = unsettled.map(|other| other.invoke.time.saturating_add(UNSETTLED));
        let from = settled.fold(done, u64::max);
        if call.invoke.function == wanted && from < until {
            spans.push((from, until));
        }
    }
    spans.sort_unstable();
    merged(spans, 0)
}

/// When something was possibly the matter with what passes at `node`, or had been within `after`.
pub(super) fn disturbed(case: &Case<'_>, node: &str, after: u64) -> Vec<Span> {
    spans_of(case, after, |name, fault| {
        !ELSEWHERE.contains(&name) && fault.targets.iter().any(|target| target == node)
    })
}

/// When `node` possibly did not hear what the cluster decides, or had not within `after`: something was the matter
/// with it, or not surely with a majority without it.
pub(super) fn deaf(case: &Case<'_>, node: &str, after: u64) -> Vec<Span> {
    const DATA_PLANE: [&str; 3] = ["uplink", "foreign-firewall", "forwarding-off"];
    let mut spans = spans_of(case, after, |name, fault| {
        !DATA_PLANE.contains(&name) && fault.targets.iter().any(|target| target == node)
    });
    let all = [(0, case.history.end())];
    let undecided = without(&all, &case.faults.served()).into_iter();
    spans.extend(undecided.map(|(from, until)| (from, until.saturating_add(after))));
    spans.sort_unstable();
    merged(spans, 0)
}

fn spans_of(
    case: &Case<'_>,
    after: u64,
    concerns: impl Fn(&str, &crate::history::Fault) -> bool,
) -> Vec<Span> {
    let faults = case.faults.all().iter();
    let near = faults.filter(|span| concerns(&span.name, &span.fault));
    let spans = near.map(|span| (span.possible.0, span.possible.1.saturating_add(after)));
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_unstable();
    merged(spans, 0)
}
