//! Real clusters of three nodes on the loopback, whose disks lose their power: the nodes rejoin and
//! catch up, and every acknowledged grant is there (contract S2, S3, S8).

mod site;

use anyhow::{Context, Result, bail, ensure};
use cluster::Cluster;
use fastrand::Rng;
use faultfs::Survival;
use ipam::State;
use site::{NODES, PATIENCE, Site};
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::panic;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// How many cuts one cluster sees.
const CUTS_OF_ONE_CLUSTER: usize = 5;
/// A disk loses its power within so many steps.
const STEPS: usize = 120;
/// How long one cluster may take, with all its cuts. sled can wait for ever for a write that has
/// failed, and takes this process's other nodes with it: then nothing within the runtime goes on.
const TRIAL_LIMIT: Duration = Duration::from_secs(300);
/// How many addresses there are to give; then a new cluster is needed.
const CLIENTS: u32 = 200;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct NodesReport {
    /// How often one node lost its power.
    pub one: usize,
    /// How often all did, within a moment.
    pub all: usize,
    /// How many grants were acknowledged.
    pub grants: usize,
    /// How many grants were asked for and not acknowledged: they may have happened or not.
    pub unknown: usize,
    /// How long it took.
    pub took: Duration,
}

/// Cuts so many times.
pub fn run(seed: u64, cuts: usize, progress: fn(&NodesReport)) -> Result<NodesReport> {
    let (ended, end) = sync_channel(1);
    let limit = TRIAL_LIMIT * u32::try_from(cuts.div_ceil(CUTS_OF_ONE_CLUSTER)).unwrap_or(u32::MAX);
    thread::Builder::new()
        .name("nodes".into())
        .spawn(move || ended.send(run_trials(seed, cuts, progress)))
        .context("starting a thread for the nodes")?;
    match end.recv_timeout(limit) {
        Ok(report) => report,
        Err(RecvTimeoutError::Timeout) => bail!(
            "the nodes have not come to an end within {} s: sled waits for a write that has failed \
             (docs/testing.md); again: ./x power-loss --points 0 --seed {seed} --node-cuts {cuts}",
            limit.as_secs()
        ),
        Err(RecvTimeoutError::Disconnected) => bail!("the thread of the nodes has panicked"),
    }
}

fn run_trials(seed: u64, cuts: usize, progress: fn(&NodesReport)) -> Result<NodesReport> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.context("starting a runtime")?;
    expect_panics_of_sled();
    let started = Instant::now();
    let mut report = NodesReport::default();
    let mut number = 0;
    while report.cuts() < cuts {
        let seed = seed.wrapping_add(number);
        let trial = async {
            let mut trial = Trial::new(seed).await?;
            for _ in 0..CUTS_OF_ONE_CLUSTER.min(cuts - report.cuts()) {
                trial.cut(&mut report).await?;
                progress(&report);
            }
            trial.end().await
        };
        let ended = runtime.block_on(trial);
        ended.with_context(|| {
            format!("again: ./x power-loss --points 0 --seed {seed} --node-cuts {cuts}")
        })?;
        number += 1;
    }
    report.took = started.elapsed();
    Ok(report)
}

/// sled panics when it is dropped and its last fsync fails. Here that is when the power is off, in
/// a task of a node that is as good as dead, so it is no news; any other panic is.
fn expect_panics_of_sled() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_sled = |place: &panic::Location<'_>| place.file().contains("/sled-");
        if !info.location().is_some_and(is_sled) {
            report(info);
        }
    }));
}

/// One cluster, and what it has promised.
struct Trial {
    site: Site,
    nodes: Vec<Cluster>,
    rng: Rng,
    granted: BTreeMap<u32, Ipv4Addr>,
    next_client: u32,
}

impl Trial {
    async fn new(seed: u64) -> Result<Self> {
        let site = Site::new()?;
        let nodes = site.up().await?;
        Ok(Self {
            site,
            nodes,
            rng: Rng::with_seed(seed),
            granted: BTreeMap::new(),
            next_client: 0,
        })
    }

    /// One cut, of one node or of all, and what must be true afterwards.
    async fn cut(&mut self, report: &mut NodesReport) -> Result<()> {
        let victims: Vec<usize> = if self.rng.bool() {
            report.all += 1;
            (0..NODES).collect()
        } else {
            report.one += 1;
            vec![self.rng.usize(0..NODES)]
        };
        // The first one goes in the middle of what it is doing, the others with it.
        let first = *self.rng.choice(&victims).unwrap_or(&0);
        let steps = self.rng.usize(1..STEPS);
        let survival = self.survival();
        self.site.device(first).cut_after(steps, survival);
        let deadline = Instant::now() + PATIENCE;
        while self.site.device(first).is_on() {
            ensure!(
                Instant::now() < deadline,
                "no client's request reached the disk"
            );
            let through = self.rng.usize(0..NODES);
            self.obtain(through, report).await;
        }
        for victim in victims.iter().filter(|victim| **victim != first) {
            let survival = self.survival();
            self.site.device(*victim).cut(survival);
        }
        self.restart(&victims).await?;
        self.check().await
    }

    fn survival(&mut self) -> Survival {
        match self.rng.u8(0..3) {
            0 => Survival::Nothing,
            1 => Survival::TornPrefix(self.rng.u64(..)),
            _ => Survival::AnySubset(self.rng.u64(..)),
        }
    }

    /// A new client's grant, or an old one's again.
    async fn obtain(&mut self, through: usize, report: &mut NodesReport) {
        let number = if self.next_client < CLIENTS && self.rng.u8(0..4) > 0 {
            self.next_client += 1;
            self.next_client
        } else {
            self.rng.u32(0..=self.next_client)
        };
        match site::obtain(&self.nodes[through], number).await {
            Some(address) => {
                report.grants += 1;
                self.granted.insert(number, address);
            }
            None => report.unknown += 1,
        }
    }

    /// The victims end, as the power has ended for them, and start again.
    async fn restart(&mut self, victims: &[usize]) -> Result<()> {
        for victim in victims {
            let ended = self.nodes[*victim].shutdown();
            site::in_time("a node without power ends", ended).await?;
        }
        for victim in victims {
            self.site.device(*victim).power_on();
        }
        let starts = victims.iter().map(|victim| self.site.restart(*victim));
        let started = futures::future::try_join_all(starts);
        let started = site::in_time("the nodes start again", started).await??;
        for (victim, node) in victims.iter().zip(started) {
            self.nodes[*victim] = node;
        }
        for node in &self.nodes {
            site::in_service(node).await?;
        }
        Ok(())
    }

    async fn check(&mut self) -> Result<()> {
        let nodes = &self.nodes;
        let applied = |node: &Cluster| node.status().last_applied;
        site::until("every node has applied the same entry", || {
            nodes.iter().all(|node| applied(node) == applied(&nodes[0]))
        })
        .await?;
        let state = nodes[0].read(State::clone);
        for node in nodes {
            ensure!(
                node.read(State::clone) == state,
                "S8: the nodes' states differ"
            );
        }
        for (number, address) in &self.granted {
            let held = site::holder(&state, *address);
            ensure!(
                held.as_ref() == Some(&site::key(*number)),
                "S2: client {number} was granted {address}, and it is {held:?}'s"
            );
        }
        Ok(())
    }

    async fn end(self) -> Result<()> {
        for node in &self.nodes {
            site::in_time("a node ends", node.shutdown()).await?;
        }
        drop(self.nodes);
        self.site.down()
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
