//! Deliberate bugs of the product, and whether the simulation notices them (house rule 13).
//!
//! Which of them is on is the process's choice, not a run's. So each is played by a process of its own, this program
//! with `--mutation`, as many at once as there are jobs.

use crate::check::Promises;
use crate::cli::Cli;
use anyhow::{Context, Result, ensure};
use mutants::{ALL, Mutation};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Bugs that show only by a rare coincidence, and how many times the usual number of seeds they are
/// given. A voter without a log: the power must fail in one of the few first writes of a newcomer.
const RARE: [(&str, u64); 1] = [("l1_voter_without_a_log", 5)];

/// What came of one mutation.
#[derive(Debug)]
pub struct Hunt {
    /// Which.
    pub mutation: &'static Mutation,
    /// How many seeds were played.
    pub played: u64,
    /// The first seed that noticed, and what it said.
    pub caught: Option<(u64, String)>,
}

/// How far it has come.
#[derive(Debug)]
pub struct Progress<'a> {
    /// How many have been played.
    pub done: usize,
    /// Of how many.
    pub all: usize,
    /// What is known now, in the order of the names, and was not the last time.
    pub ready: &'a [Hunt],
}

/// What we read of a process's report.
#[derive(Debug, Deserialize)]
struct Report {
    seeds: u64,
    failures: Vec<Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    seed: u64,
    reason: String,
}

/// The promises that the mutation of this name breaks: only their checkers catch it.
#[must_use]
pub fn promises_of(name: &str) -> Option<Promises> {
    let mutation = ALL.iter().find(|mutation| mutation.name == name);
    mutation.map(|mutation| Promises(mutation.promise))
}

/// Plays seeds with each mutation that shows in the simulation, until one notices or there are no more; whether all
/// were noticed.
pub fn hunt_all(cli: &Cli, mut watch: impl FnMut(Progress<'_>)) -> Result<bool> {
    let shows = |mutation: &&Mutation| mutation.by_tests_of.is_none();
    let mutations: Vec<&'static Mutation> = ALL.iter().filter(shows).collect();
    let program = std::env::current_exe().context("looking for this program")?;
    let next = AtomicUsize::new(0);
    // At most one outcome of each job waits.
    let (sender, ended) = mpsc::sync_channel(cli.jobs().get());
    let (mut waiting, mut told, mut all_caught) = (BTreeMap::new(), 0, true);
    thread::scope(|threads| {
        for _ in 0..cli.jobs().get() {
            let (sender, next, mutations, program) = (sender.clone(), &next, &mutations, &program);
            threads.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mutation) = mutations.get(index) else {
                        return;
                    };
                    if sender.send((index, hunt(program, cli, mutation))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (done, (index, hunt)) in (1..).zip(ended) {
            // After an error the others end with what they play now.
            let hunt = hunt.inspect_err(|_| next.store(mutations.len(), Ordering::Relaxed))?;
            all_caught &= hunt.caught.is_some();
            waiting.insert(index, hunt);
            let mut ready = Vec::new();
            while let Some(hunt) = waiting.remove(&(told + ready.len())) {
                ready.push(hunt);
            }
            told += ready.len();
            watch(Progress {
                done,
                all: mutations.len(),
                ready: &ready,
            });
        }
        Ok(all_caught)
    })
}

/// Plays one, in a process.
fn hunt(program: &Path, cli: &Cli, mutation: &'static Mutation) -> Result<Hunt> {
    let name = mutation.name;
    let output = command(program, cli, name).output();
    let output = output.with_context(|| format!("playing {name}"))?;
    // 0: it was caught; 1: it was not.
    ensure!(
        matches!(output.status.code(), Some(0 | 1)),
        "playing {name} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    let report: Report = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("reading what the process that played {name} printed"))?;
    let mut failures = report.failures.into_iter();
    Ok(Hunt {
        mutation,
        played: report.seeds,
        caught: failures.next().map(|it| (it.seed, it.reason)),
    })
}

/// One seed after the other, so that the first that notices is always the same.
fn command(program: &Path, cli: &Cli, name: &str) -> Command {
    let rare = RARE.iter().find(|(rare, _)| *rare == name);
    let times = rare.map_or(1, |(_, times)| *times);
    let seeds = cli.seeds().saturating_mul(times);
    let mut command = Command::new(program);
    command.args(["--mutation", name, "--jobs", "1", "--json"]);
    command.args(["--seed", &cli.first().to_string()]);
    command.args(["--seeds", &seeds.to_string()]);
    if let Some(nodes) = cli.nodes {
        command.args(["--nodes", &nodes.to_string()]);
    }
    if let Some(limit) = cli.lasting {
        command.args(["--for", &humantime::format_duration(limit).to_string()]);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn arguments(cli: &[&str], name: &str) -> Vec<String> {
        let cli = Cli::try_parse_from([&["sim", "--mutants"], cli].concat()).expect("arguments");
        let command = command(Path::new("sim"), &cli, name);
        let words = command.get_args().map(|word| word.to_string_lossy());
        words.map(|word| word.into_owned()).collect()
    }

    #[test]
    fn a_process_plays_what_all_of_them_are_to_play() {
        let words = arguments(&["--seeds", "7", "--nodes", "5", "--for", "90s"], "s1_x");
        let expected = "--mutation s1_x --jobs 1 --json --seed 1 --seeds 7 --nodes 5 --for 1m 30s";
        assert_eq!(words.join(" "), expected);
        for words in [words, arguments(&[], "s1_x")] {
            let words = std::iter::once("sim").chain(words.iter().map(String::as_str));
            Cli::try_parse_from(words).expect("the process understands it");
        }
    }

    #[test]
    fn what_is_rare_gets_more_seeds() {
        let words = arguments(&["--seeds", "7"], RARE[0].0);
        assert!(words.join(" ").ends_with("--seeds 35"));
    }
}
