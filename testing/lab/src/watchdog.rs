//! Ends the process, and with it the whole lab, when the work takes too long or is interrupted.

use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// What `timeout` and the shell use.
const EXIT_TIMED_OUT: i32 = 124;
const EXIT_INTERRUPTED: i32 = 130;

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    /// Hangs up on the watching thread.
    _alive: SyncSender<()>,
}

impl Watchdog {
    /// Gives the work `after`; `logs` is named in what it says at the end.
    #[expect(
        clippy::disallowed_methods,
        reason = "the work hangs and cannot be returned from"
    )]
    pub fn set(after: Duration, logs: PathBuf) -> Self {
        let (alive, hung_up) = sync_channel(0);
        thread::spawn(move || {
            if hung_up.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                eprintln!("gave up after {after:?}; logs are in {}", logs.display());
                exit(EXIT_TIMED_OUT);
            }
        });
        Self { _alive: alive }
    }
}

/// The first process of a PID namespace ignores signals it has no handler for, Ctrl-C included.
pub fn end_on_interrupt(logs: &Path) -> Result<()> {
    let logs = logs.to_owned();
    handle_interrupts(move || interrupted(&logs))
}

/// Has `on_interrupt` called at each SIGINT and SIGTERM. Once a process.
pub fn handle_interrupts(on_interrupt: impl FnMut() + Send + 'static) -> Result<()> {
    ctrlc::set_handler(on_interrupt).context("handling Ctrl-C")
}

/// Ends the process as an interrupted one.
#[expect(
    clippy::disallowed_methods,
    reason = "the work goes on in another thread"
)]
pub fn interrupted(logs: &Path) {
    eprintln!("interrupted; logs are in {}", logs.display());
    exit(EXIT_INTERRUPTED);
}
