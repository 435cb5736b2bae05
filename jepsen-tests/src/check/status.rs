//! S11: what nodes say of themselves is true, under faults too. Their statuses stand beside what happened.
//!
//! | | |
//! |---|---|
//! | ST1 | a node says that it serves, a client near it asks for 8 s, and nobody answers |
//! | ST2 | it names something that has no cause in the history |
//! | ST3 | it does not serve, though for 15 s it could |
//! | ST5 | first line, level, exit status and service do not agree |
//!
//! A status is true of some moment between question and answer. Between two answers a node may have said
//! anything: they speak for the time between them only if they are no more than [`APART`] from each other.

pub mod st1;
pub mod st2;
pub mod st3;
pub mod st5;
mod troubles;

pub use troubles::troubles_of;

use std::collections::BTreeMap;

use super::Case;
use super::spans::Span;
use crate::history::{Operation, Shown, Value};

/// Between two looks at a node, at most: it is asked twice a second.
const APART: u64 = 3_000_000_000;

/// A status with its line.
#[derive(Clone, Copy)]
struct Look<'a> {
    line: &'a Operation,
    shown: &'a Shown,
}

impl Look<'_> {
    /// Whether the node says that it answers clients; nothing, if it did not say.
    fn serves(&self) -> Option<bool> {
        match (&self.shown.told, self.shown.exit) {
            (Some(told), _) => Some(told.in_service),
            (None, Some(0 | 7)) => Some(true),
            (None, Some(5)) => Some(false),
            (None, _) => None,
        }
    }
}

/// What each node said, by time.
struct Looks<'a>(BTreeMap<&'a str, Vec<Look<'a>>>);

impl<'a> Looks<'a> {
    fn of(case: &Case<'a>) -> Self {
        let mut nodes: BTreeMap<&str, Vec<Look<'_>>> = BTreeMap::new();
        for line in case.history.operations() {
            if let (Value::Shown(shown), Some(node)) = (&line.value, line.node.as_deref()) {
                nodes.entry(node).or_default().push(Look { line, shown });
            }
        }
        Self(nodes)
    }

    fn of_node(&self, node: &str) -> &[Look<'a>] {
        self.0.get(node).map_or(&[], Vec::as_slice)
    }

    /// All, by time.
    fn all(&self) -> Vec<Look<'a>> {
        let mut all: Vec<Look<'_>> = self.0.values().flatten().copied().collect();
        all.sort_by_key(|look| look.line.index);
        all
    }

    /// The longest spans in which the looks at `node` follow each other closely and all say `what`. They
    /// begin with the first answer and end with the last question.
    fn saying(&self, node: &str, what: bool) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        let mut open: Option<(u64, u64, u64)> = None;
        for look in self.of_node(node) {
            let (asked, told) = (look.shown.asked, look.line.time);
            let says = look.serves() == Some(what);
            let goes_on = open.filter(|(_, _, last)| says && asked.saturating_sub(*last) <= APART);
            if let (Some((from, until, _)), None) = (open, goes_on) {
                spans.push((from, until));
            }
            open = match goes_on {
                Some((from, _, _)) => Some((from, asked, told)),
                None => says.then_some((told, asked, told)),
            };
        }
        spans.extend(open.map(|(from, until, _)| (from, until)));
        spans.retain(|(from, until)| from < until);
        spans
    }
}
