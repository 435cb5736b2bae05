//! One run: a lab, a workload, nemeses, a history, a verdict.
//!
//! ```text
//! isolate ─► hosts, gateways, machines ─► clients, operators, watchers (threads)
//!    strike, heal, strike … by the schedule, for as long as was asked
//!    heal ─► all in service ─► calm ─► clients settle ─► quiet ─► clients end ─► nodes level ─► final reads
//! history.edn ─► checkers ─► verdict, timeline
//! ```
//!
//! The main thread strikes and heals, looks after daemons that end (as systemd would), and tells how
//! it goes. It asks no node anything while faults are on: [`Sights`] has what the watchers saw.
//! Whatever ends this process ends the lab with it; nothing outside the result folder remains.

mod afterwards;
mod folder;
mod keeper;
mod machine;
mod nat_watch;
mod phases;
mod progress;
mod rulesets;
mod sights;
mod statuses;
mod verdict;
mod watcher;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use lab::isolate;
use lab::watchdog::{Watchdog, end_on_interrupt};

use folder::Folder;
pub use sights::Sights;
pub use verdict::{Summary, check_alone as check, read_summary};

use crate::cli::RunOptions;

/// What a run may take beyond the time that was asked for: building, healing, the quiet phase, judging.
const SLACK: Duration = Duration::from_secs(240);

/// How a run ends, as exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every promise was kept.
    Valid = 0,
    /// A promise was broken, or it cannot be told.
    Invalid = 1,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end as u8)
    }
}

/// Runs it. Outside the isolation this does not return.
pub fn run(options: &RunOptions) -> Result<ExitCode> {
    let isolation = isolate::enter()?;
    let folder = Folder::create(options)?;
    end_on_interrupt(folder.path())?;
    let watchdog = Watchdog::set(options.duration + SLACK, folder.path().to_owned());
    let account = phases::play(options, &isolation, &folder)?;
    let end = verdict::judge(options, &folder, account)?;
    drop(watchdog);
    Ok(end.into())
}
