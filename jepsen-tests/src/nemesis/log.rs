//! Nobody reads a node's log any more, or there is no room for it. Nothing else may change.

use std::fs::File;
use std::io::pipe;

use anyhow::{Context, Result};
use fastrand::Rng;
use jepsen_tests::history::Fault;
use lab::process::Streams;

use super::{Nemesis, Scene, aimed_at};

/// What becomes of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// It goes into a pipe whose reader has closed.
    ReaderGone,
    /// It goes to `/dev/full`, and so does standard output.
    Full,
}

/// One node at a time. It is restarted for it: a stream cannot be changed from outside.
#[derive(Debug)]
pub struct Log {
    fault: LogFault,
    victim: Option<u8>,
}

impl Log {
    /// All logs are read.
    pub const fn new(fault: LogFault) -> Self {
        Self {
            fault,
            victim: None,
        }
    }
}

impl Nemesis for Log {
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
        let gateway = scene.lab.gateway(victim);
        if gateway.is_held() {
            return Ok(());
        }
        gateway.ensure_killed()?;
        gateway.start_streaming_to(streams(self.fault)?)
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match self.victim.take() {
            Some(victim) => scene.lab.gateway(victim).restart_hard(),
            None => Ok(()),
        }
    }
}

fn streams(fault: LogFault) -> Result<Streams> {
    let full = || {
        let file = File::options().write(true).open("/dev/full");
        file.context("opening /dev/full")
    };
    Ok(match fault {
        LogFault::ReaderGone => {
            let (_, writer) = pipe().context("making a pipe")?;
            Streams {
                errors: Some(writer.into()),
                ..Streams::default()
            }
        }
        LogFault::Full => Streams {
            output: Some(full()?.into()),
            errors: Some(full()?.into()),
        },
    })
}
