//! One cluster, how it loses its power, and what must be true afterwards.

use super::clients::Clients;
use super::process::NodeProcess;
use super::site::{self, NODES, POLL, Site};
use super::{NodesOptions, NodesReport, PATIENCE};
use anyhow::{Context, Result};
use fastrand::Rng;
use faultfs::Survival;
use ipam::State;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use tokio::time::{Instant, sleep};

/// A disk loses its power within so many steps.
const STEPS: usize = 120;

/// A promise that is broken: which, and what shows it.
#[derive(Debug)]
pub struct Lost(pub(super) String);

/// One cluster, and what it has promised.
pub(super) struct Trial {
    // Dropped before the disks that they are on.
    nodes: Vec<NodeProcess>,
    site: Site,
    rng: Rng,
    clients: Clients,
    /// Whether all nodes lose their power the next time, or one.
    all_next: bool,
    evidence: PathBuf,
}

/// Which disks lose their power, the first in the middle of what it is doing and the others with it.
struct Cut {
    first: u8,
    others: Vec<(u8, Survival)>,
}

impl Trial {
    pub(super) async fn new(options: &NodesOptions, seed: u64) -> Result<Self> {
        let mut rng = Rng::with_seed(seed);
        let site = Site::new(options.program.clone())?;
        let nodes = site.up().await?;
        if options.lying_disks {
            site.lie();
        }
        Ok(Self {
            nodes,
            site,
            clients: Clients::new(rng.fork()),
            // If one alone has lost something, its peers may save it, or it stands still.
            all_next: options.lying_disks || rng.bool(),
            rng,
            evidence: options.evidence_of(seed),
        })
    }

    /// Cuts so many times, of one node and of all in turn.
    pub(super) async fn cut(
        &mut self,
        cuts: usize,
        report: &mut NodesReport,
        progress: fn(&NodesReport),
    ) -> Result<()> {
        for _ in 0..cuts {
            let cut = self.draw();
            if cut.others.is_empty() {
                report.one += 1;
            } else {
                report.all += 1;
            }
            self.work_until(&cut, report).await?;
            self.restart(&cut).await?;
            self.check(report).await?;
            progress(report);
        }
        Ok(())
    }

    /// Stops the nodes in order; if something was wrong, keeps what is on their disks.
    pub(super) async fn end(mut self, cut: Result<()>) -> Result<()> {
        if cut.is_err() {
            self.kill(0..NODES).await?;
            let kept = self.site.keep(&self.evidence);
            kept.with_context(|| format!("keeping {}", self.evidence.display()))?;
            return cut.with_context(|| format!("kept: {}", self.evidence.display()));
        }
        for node in self.nodes {
            node.stop().await?;
        }
        self.site.down()
    }

    fn draw(&mut self) -> Cut {
        let first = self.rng.u8(0..NODES);
        let others = (0..NODES).filter(|node| *node != first && self.all_next);
        let others = others.map(|node| (node, survival(&mut self.rng))).collect();
        self.all_next = !self.all_next;
        Cut { first, others }
    }

    /// Clients obtain addresses until that keeps the first disk so busy that its power goes.
    async fn work_until(&mut self, cut: &Cut, report: &mut NodesReport) -> Result<()> {
        let steps = self.rng.usize(1..STEPS);
        let survival = survival(&mut self.rng);
        self.site.device(cut.first).cut_after(steps, survival);
        let deadline = Instant::now() + PATIENCE;
        let clients = async {
            while self.site.device(cut.first).is_on() {
                if Instant::now() > deadline {
                    anyhow::bail!(
                        "the disk of node {} has taken fewer than {steps} steps in {PATIENCE:?}, though \
                         clients asked for addresses: {report}",
                        cut.first + 1
                    );
                }
                self.clients
                    .ask_any(&mut self.nodes, &self.site, report)
                    .await?;
            }
            Ok(())
        };
        let (asked, ()) = tokio::join!(clients, self.site.go_with(cut.first, &cut.others));
        asked
    }

    /// The victims die, as their hosts have, and start again.
    async fn restart(&mut self, cut: &Cut) -> Result<()> {
        let victims: Vec<u8> = cut.victims().collect();
        self.kill(victims.iter().copied()).await?;
        for victim in &victims {
            self.site.device(*victim).power_on();
        }
        let starts = victims.iter().map(|victim| self.site.restart(*victim));
        let started = futures::future::try_join_all(starts).await?;
        for (victim, node) in victims.iter().zip(started) {
            self.nodes[usize::from(*victim)] = node;
        }
        site::in_service(&mut self.nodes).await
    }

    async fn kill(&mut self, nodes: impl Iterator<Item = u8>) -> Result<()> {
        for node in nodes {
            self.nodes[usize::from(node)].kill().await?;
        }
        Ok(())
    }

    /// A new grant is acknowledged, every node gets to know of it, and then all agree and have kept
    /// every grant: what was acknowledged before it has come before it in the log.
    async fn check(&mut self, report: &mut NodesReport) -> Result<()> {
        let newest = self
            .clients
            .obtain_new(&mut self.nodes, &self.site, report)
            .await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let states = self.states().await?;
            let agree = states.iter().all(|state| *state == states[0]);
            if agree && self.clients.keeps(&states[0], newest) {
                return self.clients.check(&states[0]);
            }
            if Instant::now() > deadline {
                let who_knows = states.iter().map(|state| self.clients.keeps(state, newest));
                let who_knows: Vec<bool> = who_knows.collect();
                return Err(Lost(format!(
                    "S8: the nodes' states still differ after {PATIENCE:?}, or lack the newest grant \
                     (client {newest}; which nodes have it: {who_knows:?})"
                ))
                .into());
            }
            sleep(POLL).await;
        }
    }

    async fn states(&mut self) -> Result<Vec<State>> {
        let mut states = Vec::new();
        for node in &mut self.nodes {
            states.push(node.state().await?);
        }
        Ok(states)
    }
}

impl Cut {
    fn victims(&self) -> impl Iterator<Item = u8> {
        let others = self.others.iter().map(|(node, _)| *node);
        std::iter::once(self.first).chain(others)
    }
}

fn survival(rng: &mut Rng) -> Survival {
    match rng.u8(0..3) {
        0 => Survival::Nothing,
        1 => Survival::TornPrefix(rng.u64(..)),
        _ => Survival::AnySubset(rng.u64(..)),
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Lost {}
