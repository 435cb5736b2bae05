//! Killed and frozen daemons.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;
use lab::gateway::Gateway;

use super::{Nemesis, Scene, aimed_at};

/// One node's daemon is kept from running: killed or frozen.
#[derive(Debug)]
pub struct OneDown {
    begin: fn(&mut Gateway) -> Result<()>,
    victim: Option<u8>,
}

impl OneDown {
    /// SIGKILL, and a start when it is over.
    pub const fn killed() -> Self {
        Self {
            begin: Gateway::hold_down,
            victim: None,
        }
    }

    /// SIGSTOP, and SIGCONT when it is over.
    pub const fn frozen() -> Self {
        Self {
            begin: Gateway::freeze,
            victim: None,
        }
    }
}

impl Nemesis for OneDown {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let (victim, detail) = scene.leader_or_any(rng);
        self.victim = Some(victim);
        let mut fault = aimed_at(&[victim]);
        fault.down.clone_from(&fault.targets);
        fault.detail = detail;
        Ok(Some(fault))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim {
            Some(victim) => (self.begin)(scene.lab.gateway(victim)),
            None => Ok(()),
        }
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim.take() {
            Some(victim) => scene.lab.gateway(victim).let_up(),
            None => Ok(()),
        }
    }
}

/// SIGKILL of all nodes.
#[derive(Debug)]
pub struct RestartAll;

impl Nemesis for RestartAll {
    fn aim(&mut self, scene: &mut Scene<'_>, _: &mut Rng) -> Result<Option<Fault>> {
        let all: Vec<_> = scene.lab.gateways().iter().map(|one| one.node()).collect();
        let mut fault = aimed_at(&all);
        fault.down.clone_from(&fault.targets);
        Ok(Some(fault))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let mut gateways = scene.lab.gateways().iter_mut();
        gateways.try_for_each(|gateway| gateway.hold_down())
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let mut gateways = scene.lab.gateways().iter_mut();
        gateways.try_for_each(|gateway| gateway.let_up())
    }
}
