//! A host's clients have no way out, nor a way in: DHCP goes on, and the node's status must say what is
//! in the way.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;
use lab::fault::WayOut;

use super::{Nemesis, Scene, aimed_at};

/// One host at a time.
#[derive(Debug)]
pub struct Blocked {
    ways: &'static [WayOut],
    victim: Option<(u8, WayOut)>,
}

impl Blocked {
    /// By one of `ways`, drawn each time.
    pub const fn by(ways: &'static [WayOut]) -> Self {
        Self { ways, victim: None }
    }
}

impl Nemesis for Blocked {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let victim = scene.any_node(rng);
        let way = self.ways[rng.usize(0..self.ways.len())];
        self.victim = Some((victim, way));
        Ok(Some(Fault {
            peers_only: true,
            detail: Some(way.name().to_owned()),
            ..aimed_at(&[victim])
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim {
            Some((victim, way)) => way.block(scene.lab.topology().host(victim)),
            None => Ok(()),
        }
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim.take() {
            Some((victim, way)) => way.restore(scene.lab.topology().host(victim)),
            None => Ok(()),
        }
    }
}
