//! What people and programs read of a batch.

use crate::batch::Played;
use crate::sometimes::{Row, rows, shortfall};
use crate::stats::Summary;
use serde::Serialize;
use std::fmt::Write;

/// A batch, for programs.
#[derive(Debug, Serialize)]
pub struct Report {
    seconds: f64,
    seeds_per_second: f64,
    failures: Vec<Failure>,
    /// What must be seen sometimes, and is not as it should be.
    shortfall: Vec<String>,
    #[serde(flatten)]
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct Failure {
    seed: u64,
    reason: String,
    replay: String,
}

/// The command that plays a seed again.
#[must_use]
pub fn replay(seed: u64, nodes: Option<u64>, mutation: Option<&str>) -> String {
    let mut command = format!("./x sim --seed {seed} --trace");
    if let Some(nodes) = nodes {
        command += &format!(" --nodes {nodes}");
    }
    if let Some(mutation) = mutation {
        command += &format!(" --mutation {mutation}");
    }
    command
}

impl Report {
    /// Of a batch.
    #[must_use]
    pub fn new(played: &Played, nodes: Option<u64>, mutation: Option<&str>) -> Self {
        let failures = played.failures.iter().map(|(seed, reason)| Failure {
            seed: *seed,
            reason: reason.text.clone(),
            replay: replay(*seed, nodes, mutation),
        });
        Self {
            seconds: played.took.as_secs_f64(),
            seeds_per_second: per_second(played),
            failures: failures.collect(),
            shortfall: shortfall(&played.stats),
            summary: played.stats.summary(),
        }
    }
}

/// The line that is printed while it goes on.
#[must_use]
pub fn progress(played: &Played) -> String {
    let stats = &played.stats;
    format!(
        "{} seeds, {:.2} a second, {:.1} simulated hours, {} faults, {} failed",
        stats.seeds,
        per_second(played),
        stats.simulated.as_secs_f64() / 3600.0,
        stats.faults(),
        played.failures.len(),
    )
}

/// The tables at the end.
#[must_use]
pub fn tables(played: &Played) -> String {
    let stats = &played.stats;
    let mut text = String::new();
    let mut row = |name: &str, count: u64| {
        writeln!(text, "  {name:<58}{count:>10}").expect("writing into a string does not fail");
    };
    row("datagrams that clients sent", stats.requests);
    row("leases granted or extended at clients", stats.acks);
    row("log entries", stats.entries);
    row("requests between nodes", stats.calls);
    for Row { table, name } in rows() {
        let count = stats.seen(Row { table, name });
        row(&format!("{}: {name}", table.name()), count);
    }
    text
}

fn per_second(played: &Played) -> f64 {
    let seconds = played.took.as_secs_f64();
    if seconds > 0.0 {
        played.stats.seeds as f64 / seconds
    } else {
        0.0
    }
}
