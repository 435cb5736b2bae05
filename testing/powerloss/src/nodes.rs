//! Real clusters of three nodes on the loopback, whose disks lose their power: the nodes rejoin and
//! catch up, and every acknowledged grant is there (contract S2, S3, S8).
//!
//! Each node is a process of its own and dies with its power, as it would with its host. Nodes that
//! share a process hold each other up: sled can wait for ever for a write that has failed, and it
//! has one lock for the whole process.

mod clients;
mod process;
mod protocol;
mod serve;
mod site;
mod trial;

pub use process::SUBCOMMAND;
pub use serve::serve;
pub use trial::Lost;

use anyhow::{Context, Result};
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use trial::Trial;

/// How many cuts one cluster sees.
const CUTS_OF_ONE_CLUSTER: usize = 5;
/// How long anything may take on a busy machine. It is no expectation: we wait for conditions.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to do.
#[derive(Clone, Debug)]
pub struct NodesOptions {
    /// `powerloss` itself: each node is a process of it.
    pub program: PathBuf,
    /// Where all randomness comes from.
    pub seed: u64,
    /// How often the power goes.
    pub cuts: usize,
    /// Whether the disks lie about every sync once the cluster is in service: they must lose something.
    pub lying_disks: bool,
    /// Where what is on the disks is kept when something is wrong.
    pub evidence: PathBuf,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct NodesReport {
    /// How often one node lost its power.
    pub one: usize,
    /// How often all did, at once.
    pub all: usize,
    /// How many grants were acknowledged.
    pub grants: usize,
    /// How many grants were asked for and not acknowledged: they may have happened or not.
    pub unknown: usize,
    /// How long it took.
    pub took: Duration,
}

/// Cuts so many times. An error is [`Lost`] if a promise is broken.
pub fn run(options: &NodesOptions, progress: fn(&NodesReport)) -> Result<NodesReport> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting a runtime")?;
    let started = Instant::now();
    let mut report = NodesReport::default();
    let mut number = 0;
    while report.cuts() < options.cuts {
        let seed = options.seed.wrapping_add(number);
        let cuts = CUTS_OF_ONE_CLUSTER.min(options.cuts - report.cuts());
        let trial = async {
            let mut trial = Trial::new(options, seed).await?;
            let cut = trial.cut(cuts, &mut report, progress).await;
            trial.end(cut).await
        };
        let ended = runtime.block_on(trial);
        ended.with_context(|| options.again(seed, cuts))?;
        number += 1;
    }
    report.took = started.elapsed();
    Ok(report)
}

impl NodesOptions {
    fn again(&self, seed: u64, cuts: usize) -> String {
        let lying = if self.lying_disks {
            " --lying-disks"
        } else {
            ""
        };
        format!(
            "again: ./x power-loss --points 0 --damage 0 --seed {seed} --node-cuts {cuts}{lying}"
        )
    }

    fn evidence_of(&self, seed: u64) -> PathBuf {
        self.evidence.join(format!("nodes-seed-{seed}"))
    }
}

impl NodesReport {
    /// How often the power went.
    #[must_use]
    pub const fn cuts(&self) -> usize {
        self.one + self.all
    }
}

impl fmt::Display for NodesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "clusters cut     {:>7}   {} of one node, {} of all",
            self.cuts(),
            self.one,
            self.all
        )?;
        writeln!(
            f,
            "grants           {:>7}   acknowledged; {} unknown",
            self.grants, self.unknown
        )?;
        writeln!(
            f,
            "rejoined             all   nodes; grants lost: 0; states equal"
        )?;
        write!(f, "took             {:>7.1} s", self.took.as_secs_f64())
    }
}
