//! Looks after the daemons as systemd would: one that ended by itself is started again, a second later.
//!
//! Ending is what the product does on purpose in some cases (a listen IP that is missing at the start).
//! A panic or a signal that nobody sent is not; it is noted as a crash.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use anyhow::Result;
use lab::Lab;

use crate::names;

/// `RestartSec`.
const PAUSE: Duration = Duration::from_secs(1);
/// What a panic in `main` makes of the exit status.
const PANICKED: i32 = 101;

/// What is known of daemons that ended by themselves.
#[derive(Debug, Default)]
pub struct Keeper {
    due: Vec<(Instant, u8)>,
    /// Ends that the product meant, for people.
    pub ends: Vec<String>,
    /// Ends that nobody meant.
    pub crashes: Vec<String>,
}

impl Keeper {
    /// Looks at every daemon once.
    pub fn look(&mut self, lab: &mut Lab, at: Duration) -> Result<()> {
        for gateway in lab.gateways() {
            if let Some((status, log)) = gateway.take_end()? {
                let last = log.lines().last().unwrap_or_default();
                let node = names::node(gateway.node());
                let line = format!(
                    "{:.1} s: {node} ended with {status}: {last}",
                    at.as_secs_f64()
                );
                let crashed = status.signal().is_some() || status.code() == Some(PANICKED);
                match crashed || log.contains("panicked at") {
                    true => self.crashes.push(line),
                    false => self.ends.push(line),
                }
                self.due.push((Instant::now() + PAUSE, gateway.node()));
            }
        }
        let now = Instant::now();
        let (ready, waiting) = self.due.drain(..).partition(|(due, _)| *due <= now);
        self.due = waiting;
        let ready: Vec<(Instant, u8)> = ready;
        for (_, node) in ready {
            lab.gateway(node).start_unless_held()?;
        }
        Ok(())
    }
}
