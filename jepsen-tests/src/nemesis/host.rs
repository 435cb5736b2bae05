//! What an operator's slip does to a host.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;
use lab::fault;

use super::{Nemesis, Scene, aimed_at};
use crate::names;

/// `nft flush ruleset`. gatewayd mends it by itself.
#[derive(Debug, Default)]
pub struct FlushRuleset {
    victim: Option<u8>,
}

impl Nemesis for FlushRuleset {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let victim = scene.any_node(rng);
        self.victim = Some(victim);
        Ok(Some(aimed_at(&[victim])))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim {
            Some(victim) => scene.lab.flush_ruleset(victim),
            None => Ok(()),
        }
    }

    fn heal(&mut self, _: &mut Scene<'_>) -> Result<()> {
        self.victim = None;
        Ok(())
    }
}

/// The listen IP goes away and comes back.
#[derive(Debug, Default)]
pub struct ListenIp {
    victim: Option<u8>,
}

impl Nemesis for ListenIp {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let victim = scene.any_node(rng);
        self.victim = Some(victim);
        Ok(Some(Fault {
            unheard: vec![names::node(victim)],
            ..aimed_at(&[victim])
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim {
            Some(victim) => fault::remove_listen_ip(scene.lab.topology().host(victim)),
            None => Ok(()),
        }
    }

    /// A daemon that was started meanwhile has ended, and systemd would start it again.
    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim.take() {
            Some(victim) => fault::restore_listen_ip(scene.lab.topology().host(victim)),
            None => Ok(()),
        }
    }
}
