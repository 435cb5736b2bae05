//! Wall clocks that step.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;

use super::{Nemesis, Scene, aimed_at};

/// The largest step, in seconds, either way.
const LARGEST: i64 = 3600;

/// One node's wall clock is wrong for a while. Stepping it back to the true time is a step as well.
#[derive(Debug, Default)]
pub struct ClockSteps {
    victim: Option<(u8, i64)>,
}

impl Nemesis for ClockSteps {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let victim = scene.any_node(rng);
        let seconds = rng.i64(-LARGEST..=LARGEST);
        self.victim = Some((victim, seconds));
        Ok(Some(Fault {
            detail: Some(format!("{seconds:+} s")),
            ..aimed_at(&[victim])
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim {
            Some((victim, seconds)) => scene.lab.gateway(victim).step_clock(seconds),
            None => Ok(()),
        }
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim.take() {
            Some((victim, _)) => scene.lab.gateway(victim).step_clock(0),
            None => Ok(()),
        }
    }
}
