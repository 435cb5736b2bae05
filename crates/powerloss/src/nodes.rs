//! Real clusters of three nodes on the loopback, whose disks lose their power: the nodes rejoin and
//! catch up, and every acknowledged grant is there (contract S2, S3, S8).
//!
//! Each node is a process of its own and dies with its power, as it would with its host. In one
//! process they would not do: sled can wait for ever for a write that has failed, and one lock of
//! its is the whole process's.

mod process;
mod protocol;
mod serve;
mod site;

pub use process::SUBCOMMAND;
pub use serve::serve;

use crate::entries::client;
use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use faultfs::{Survival, Sync};
use ipam::{ClientKey, IdentityPolicy, LeaseState, State};
use process::NodeProcess;
use site::{NODES, Site};
use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// How many cuts one cluster sees.
const CUTS_OF_ONE_CLUSTER: usize = 5;
/// A disk loses its power within so many steps.
const STEPS: usize = 120;
/// How many addresses there are to give; then a new cluster is needed.
const CLIENTS: u32 = 200;
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
    /// What the nodes' disks do with a sync once the cluster is in service.
    pub sync: Sync,
}

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
pub fn run(options: &NodesOptions, progress: fn(&NodesReport)) -> Result<NodesReport> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting a runtime")?;
    let started = Instant::now();
    let mut report = NodesReport::default();
    let mut number = 0;
    while report.cuts() < options.cuts {
        let seed = options.seed.wrapping_add(number);
        let left = options.cuts - report.cuts();
        let trial = async {
            let mut trial = Trial::new(options, seed).await?;
            for _ in 0..CUTS_OF_ONE_CLUSTER.min(left) {
                trial.cut(&mut report).await?;
                progress(&report);
            }
            trial.end().await
        };
        let ended = runtime.block_on(trial);
        ended.with_context(|| {
            format!("again: ./x power-loss --points 0 --seed {seed} --node-cuts {left}")
        })?;
        number += 1;
    }
    report.took = started.elapsed();
    Ok(report)
}

/// One cluster, and what it has promised.
struct Trial {
    site: Site,
    nodes: Vec<NodeProcess>,
    rng: Rng,
    granted: BTreeMap<u32, Ipv4Addr>,
    next_client: u32,
}

impl Trial {
    async fn new(options: &NodesOptions, seed: u64) -> Result<Self> {
        let site = Site::new(options.program.clone())?;
        let nodes = site.up().await?;
        site.set_sync(options.sync);
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
        let victims: Vec<u8> = if self.rng.bool() {
            report.all += 1;
            (0..NODES).collect()
        } else {
            report.one += 1;
            vec![self.rng.u8(0..NODES)]
        };
        // The first one goes in the middle of what it is doing, the others with it.
        let first = *self.rng.choice(&victims).unwrap_or(&0);
        self.work_until_cut(first.into(), report).await?;
        for victim in victims.iter().filter(|victim| **victim != first) {
            let survival = self.survival();
            self.site.device((*victim).into()).cut(survival);
        }
        self.restart(&victims).await?;
        self.check().await
    }

    /// Clients obtain addresses until that keeps this disk so busy that its power goes.
    async fn work_until_cut(&mut self, first: usize, report: &mut NodesReport) -> Result<()> {
        let steps = self.rng.usize(1..STEPS);
        let survival = self.survival();
        self.site.device(first).cut_after(steps, survival);
        let deadline = Instant::now() + PATIENCE;
        while self.site.device(first).is_on() {
            ensure!(
                Instant::now() < deadline,
                "no client's request reached the disk"
            );
            let through = self.rng.usize(0..self.nodes.len());
            self.obtain(through, report).await?;
        }
        Ok(())
    }

    fn survival(&mut self) -> Survival {
        match self.rng.u8(0..3) {
            0 => Survival::Nothing,
            1 => Survival::TornPrefix(self.rng.u64(..)),
            _ => Survival::AnySubset(self.rng.u64(..)),
        }
    }

    /// A new client's grant, or an old one's again.
    async fn obtain(&mut self, through: usize, report: &mut NodesReport) -> Result<()> {
        let number = if self.next_client < CLIENTS && self.rng.u8(0..4) > 0 {
            self.next_client += 1;
            self.next_client
        } else {
            self.rng.u32(0..=self.next_client)
        };
        match self.nodes[through].obtain(number).await? {
            Some(address) => {
                report.grants += 1;
                self.granted.insert(number, address);
            }
            None => report.unknown += 1,
        }
        Ok(())
    }

    /// The victims die, as the power has ended for them, and start again.
    async fn restart(&mut self, victims: &[u8]) -> Result<()> {
        for victim in victims {
            self.nodes[usize::from(*victim)].kill().await?;
        }
        for victim in victims {
            self.site.device((*victim).into()).power_on();
        }
        let starts = victims.iter().map(|victim| self.site.restart(*victim));
        let started = futures::future::try_join_all(starts).await?;
        for (victim, node) in victims.iter().zip(started) {
            self.nodes[usize::from(*victim)] = node;
        }
        site::in_service(&mut self.nodes).await
    }

    async fn check(&mut self) -> Result<()> {
        site::caught_up(&mut self.nodes).await?;
        let mut states = Vec::new();
        for node in &mut self.nodes {
            states.push(node.state().await?);
        }
        let agree = states.iter().all(|state| *state == states[0]);
        ensure!(agree, "S8: the nodes' states differ");
        let state = api::command::decode_state(&states[0])?;
        for (number, address) in &self.granted {
            let held = holder(&state, *address);
            ensure!(
                held.as_ref() == Some(&key(*number)),
                "S2: client {number} was granted {address}, and it is {held:?}'s"
            );
        }
        Ok(())
    }

    async fn end(self) -> Result<()> {
        for node in self.nodes {
            node.stop().await?;
        }
        self.site.down()
    }
}

/// Who holds an address.
fn holder(state: &State, address: Ipv4Addr) -> Option<ClientKey> {
    let lease = state.subnet_containing(address)?.leases().get(address)?;
    matches!(lease.state, LeaseState::Bound { .. }).then(|| lease.client.clone())
}

/// The client with this number, as the cluster knows it.
fn key(number: u32) -> ClientKey {
    IdentityPolicy::HardwareAddress.key(&client(number))
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
