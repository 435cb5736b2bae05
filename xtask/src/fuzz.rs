//! `./x fuzz`: the fuzz targets, each for a while; a crash comes with the command that replays it.
//!
//! What is found goes to `target/fuzz-corpus`, and the next run sets out from there as well as from
//! `fuzz/corpus`, which is kept: this writes nothing into the source tree but the input of a crash.

mod campaign;
mod duration;
mod stats;

pub use duration::parse as parse_duration;

use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::{cargo, run as run_program};
use crate::steps::{Outcome, Steps};
use crate::tool::Tool;
use crate::workspace::Workspace;
use campaign::Campaign;

/// Another version may build otherwise.
const TOOL: Tool = Tool {
    name: "fuzz",
    version: "0.13.2",
};
/// A target directory of their own: they are built with other flags.
const TARGET: &str = "target/fuzz";

/// What to fuzz, and for how long.
#[derive(Debug, Args)]
pub struct FuzzOptions {
    /// How long each target runs: 60s, 10m, 8h
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    pub limit: Duration,
    /// How many run at a time
    #[arg(long, default_value = "2")]
    pub jobs: NonZeroUsize,
    /// Their names; all of them without one
    pub targets: Vec<String>,
}

impl FuzzOptions {
    /// Every target for `limit`, two at a time.
    pub const fn short(limit: Duration) -> Self {
        Self {
            limit,
            jobs: NonZeroUsize::MIN.saturating_add(1),
            targets: Vec::new(),
        }
    }

    /// Every target, all of them together for `limit`.
    pub fn within(workspace: &Workspace, limit: Duration) -> Result<Self> {
        let options = Self::short(limit);
        let targets = known_targets(workspace)?.len();
        let rounds = u32::try_from(targets.div_ceil(options.jobs.get()))?;
        Ok(Self {
            limit: limit / rounds.max(1),
            ..options
        })
    }
}

/// Builds the targets and runs them; whether none crashed.
pub fn run(workspace: &Workspace, options: &FuzzOptions) -> Result<bool> {
    let mut steps = Steps::new();
    steps_of(workspace, options, &mut steps)?;
    Ok(steps.finish())
}

/// Installing, building, running.
pub fn steps_of(workspace: &Workspace, options: &FuzzOptions, steps: &mut Steps) -> Result<()> {
    let targets = chosen(&known_targets(workspace)?, &options.targets)?;
    let built = steps.run("cargo-fuzz", || TOOL.ensure_installed(workspace))
        && steps.run("building the fuzz targets", || build(workspace));
    if built {
        steps.run("fuzzing", || fuzz(workspace, options, targets));
    } else {
        steps.skip("fuzzing", "the targets were not built");
    }
    Ok(())
}

/// All at once; without sanitizers, which need a nightly compiler.
fn build(workspace: &Workspace) -> Result<Outcome> {
    run_program(&mut build_command(workspace))
}

fn build_command(workspace: &Workspace) -> Command {
    let arguments = ["fuzz", "build", "-s", "none", "--target-dir", TARGET];
    cargo(workspace, &arguments)
}

/// What [`steps_of`] installs and builds.
pub fn build_commands(workspace: &Workspace) -> Result<Vec<Command>> {
    let install = TOOL.missing(workspace)?;
    Ok(install
        .into_iter()
        .chain([build_command(workspace)])
        .collect())
}

/// The files in `fuzz/fuzz_targets`.
fn known_targets(workspace: &Workspace) -> Result<Vec<String>> {
    let directory = workspace.root.join("fuzz/fuzz_targets");
    let listing = || format!("listing {}", directory.display());
    let mut targets = Vec::new();
    for entry in fs::read_dir(&directory).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().context("a file has a name")?;
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    Ok(targets)
}

fn chosen(known: &[String], wanted: &[String]) -> Result<Vec<String>> {
    if let Some(stranger) = wanted.iter().find(|name| !known.contains(name)) {
        bail!(
            "there is no fuzz target {stranger:?}: there are {}",
            known.join(", ")
        );
    }
    let all = wanted.is_empty();
    let chosen = known.iter().filter(|name| all || wanted.contains(name));
    Ok(chosen.cloned().collect())
}

/// Some at a time, and a table at the end. Each takes the next target when it is done with one.
fn fuzz(workspace: &Workspace, options: &FuzzOptions, targets: Vec<String>) -> Result<Outcome> {
    let queue = Mutex::new(targets.into_iter());
    let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut ended = Vec::new();
        while let Some(target) = take() {
            let campaign = Campaign::new(workspace, &target, options.limit);
            ended.push(campaign.and_then(Campaign::run)?);
        }
        anyhow::Ok(ended)
    };
    let ended = thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.get()).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| match worker.join() {
            Ok(ended) => ended,
            Err(_) => bail!("a thread that runs fuzz targets panicked"),
        });
        ended.collect::<Result<Vec<_>>>()
    })?;
    let mut ended = ended.concat();
    ended.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(campaign::summary(&ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_targets_or_those_that_are_named() {
        let known = ["config", "snapshot"].map(str::to_owned);
        let named = |names: &[&str]| {
            chosen(
                &known,
                &names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(named(&[]).ok(), Some(known.to_vec()));
        assert_eq!(named(&["snapshot"]).ok(), Some(vec!["snapshot".to_owned()]));
        let error = named(&["snapshots"]).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("\"snapshots\"") && text.contains("config")));
    }
}
