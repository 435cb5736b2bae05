//! An operator who asks for forwards of the ports that nodes live on. Each must be refused.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::check::HOST_PORTS;
use lab::gateway::Control;
use lab::life::Mood;

use super::{SERVICE_PORT, Scene};
use crate::workload::OperatorWork;
use crate::workload::operators::Operator;

/// Between two of them.
const PAUSE_MS: std::ops::Range<u64> = 300..1_200;

/// One who does not know better.
pub struct Meddler<'a> {
    target: String,
    operator: Operator<'a>,
    mood: &'a Mood,
    rng: Rng,
}

impl<'a> Meddler<'a> {
    /// Who wants them for the machine at `target`.
    pub fn new(target: Ipv4Addr, nodes: Vec<Control>, scene: Scene<'a>) -> Self {
        let seed = scene.seed.wrapping_mul(43);
        Self {
            target: format!("{target}:{SERVICE_PORT}"),
            operator: Operator::new(
                OperatorWork::Forwards,
                nodes,
                scene.recorder,
                scene.numbers,
                seed,
            ),
            mood: scene.mood,
            rng: Rng::with_seed(seed),
        }
    }

    /// Asks for as long as the mood is lively.
    pub fn run(&mut self) -> Result<()> {
        while self.mood.is_lively() {
            let (public, forcible) = HOST_PORTS[self.rng.usize(0..HOST_PORTS.len())];
            let force = !forcible && self.rng.bool();
            let flags: &[&str] = if force { &["--force"] } else { &[] };
            self.operator.add_forward(public, &self.target, flags)?;
            std::thread::sleep(Duration::from_millis(self.rng.u64(PAUSE_MS)));
        }
        Ok(())
    }
}
