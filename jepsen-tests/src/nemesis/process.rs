//! Killed and frozen daemons.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;

use super::{Nemesis, Scene, aimed_at};

/// SIGKILL of one node.
#[derive(Debug, Default)]
pub struct Kill {
    victim: Option<u8>,
}

impl Nemesis for Kill {
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
            Some(victim) => scene.lab.gateway(victim).hold_down(),
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

/// SIGSTOP of one node.
#[derive(Debug, Default)]
pub struct Pause {
    victim: Option<u8>,
}

impl Nemesis for Pause {
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
            Some(victim) => scene.lab.gateway(victim).freeze(),
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
