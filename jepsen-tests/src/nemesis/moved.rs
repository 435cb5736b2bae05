//! A node comes back with another peer address, and later with the one that it had.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;
use lab::gateway::GatewayConfig;
use lab::topology::address::underlay;

use super::{Nemesis, Scene, aimed_at};

const LISTEN: &str = "GATEWAY_PEER_LISTEN";
/// Its other port.
const PORT: u16 = 7166;

/// One node at a time.
#[derive(Debug, Default)]
pub struct Moved {
    victim: Option<u8>,
}

impl Nemesis for Moved {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let (victim, detail) = scene.leader_or_any(rng);
        self.victim = Some(victim);
        Ok(Some(Fault {
            peers_only: true,
            detail,
            ..aimed_at(&[victim])
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim else {
            return Ok(());
        };
        let address = format!("{}:{PORT}", underlay(victim));
        restart(scene, victim, |config| config.set(LISTEN, address))
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim.take() {
            Some(victim) => restart(scene, victim, |config| config.as_usual(LISTEN)),
            None => Ok(()),
        }
    }
}

fn restart(
    scene: &mut Scene<'_>,
    victim: u8,
    change: impl FnOnce(GatewayConfig) -> GatewayConfig,
) -> Result<()> {
    let gateway = scene.lab.gateway(victim);
    gateway.hold_down()?;
    gateway.reconfigure(change);
    gateway.let_up()
}
