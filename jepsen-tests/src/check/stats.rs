//! How operations ended, by what they were: a history with no success proves nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::history::{History, Kind};

/// How often an operation ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// It happened.
    pub ok: usize,
    /// It did not.
    pub fail: usize,
    /// Unknown, the unfinished ones among them.
    pub info: usize,
}

/// Counts by function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Stats {
    /// By the function's name.
    pub by_function: BTreeMap<String, Count>,
}

impl Stats {
    /// Those of a history.
    pub fn of(history: &History) -> Self {
        let mut stats = Self::default();
        for call in history.calls() {
            let name = call.invoke.function.to_string();
            let count = stats.by_function.entry(name).or_default();
            match call.kind() {
                Kind::Ok => count.ok += 1,
                Kind::Fail => count.fail += 1,
                Kind::Invoke | Kind::Info => count.info += 1,
            }
        }
        stats
    }
}
