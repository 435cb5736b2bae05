//! Disks that fail under a node's data directory.
//!
//! A node whose disk failed stays up and silent until it is restarted: healing is mending the disk, and
//! what `docs/failure-modes.md` tells the operator to do, a restart.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;

use super::{Nemesis, Scene, aimed_at};

/// What the disk does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// It has no room.
    Full,
    /// It does not sync.
    FailedSync,
    /// It takes long to sync.
    Slow,
}

/// One node's disk at a time.
#[derive(Debug)]
pub struct Disk {
    fault: DiskFault,
    victim: Option<u8>,
}

impl Disk {
    /// The disks are well.
    pub fn new(fault: DiskFault) -> Self {
        Self {
            fault,
            victim: None,
        }
    }
}

impl Nemesis for Disk {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let victim = scene.any_node(rng);
        self.victim = Some(victim);
        Ok(Some(aimed_at(&[victim])))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim else {
            return Ok(());
        };
        let disk = scene.lab.gateway(victim).disk()?;
        match self.fault {
            DiskFault::Full => disk.fill(),
            DiskFault::FailedSync => disk.fail_syncs(),
            DiskFault::Slow => disk.slow_down(),
        }
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim.take() else {
            return Ok(());
        };
        let gateway = scene.lab.gateway(victim);
        gateway.disk()?.heal()?;
        match self.fault {
            DiskFault::Slow => Ok(()),
            DiskFault::Full | DiskFault::FailedSync => gateway.restart_hard(),
        }
    }
}

/// The power of one node, or of all at once, goes: what was not synced is lost, the last writes may be
/// torn. The node is killed a moment later; no acknowledgement can leave in between, since its disk
/// answers nothing any more.
#[derive(Debug)]
pub struct PowerCut {
    all: bool,
    victims: Vec<u8>,
    seed: u64,
}

impl PowerCut {
    /// Of one node, or of `all`.
    pub fn new(all: bool) -> Self {
        Self {
            all,
            victims: Vec::new(),
            seed: 0,
        }
    }
}

impl Nemesis for PowerCut {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        self.seed = rng.u64(..);
        self.victims = match self.all {
            true => (1..=scene.count()).collect(),
            false => vec![scene.leader_or_any(rng).0],
        };
        let mut fault = aimed_at(&self.victims);
        fault.down.clone_from(&fault.targets);
        Ok(Some(fault))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        for victim in &self.victims {
            let gateway = scene.lab.gateway(*victim);
            gateway.disk()?.cut_power(self.seed)?;
        }
        let mut victims = self.victims.iter();
        victims.try_for_each(|victim| scene.lab.gateway(*victim).hold_down())
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        for victim in std::mem::take(&mut self.victims) {
            let gateway = scene.lab.gateway(victim);
            gateway.disk()?.restore_power()?;
            gateway.let_up()?;
        }
        Ok(())
    }
}
