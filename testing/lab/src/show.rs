//! `lab demo`: the demonstration, and the lab left up after it if that is wanted.

use std::io::{BufRead, stdin};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use lab::Lab;
use lab::demo::{self, Cast, Stage};
use lab::isolate::{self, Isolation};
use lab::kept::{KeptLab, instructions};
use lab::watchdog::{Watchdog, handle_interrupts, interrupted};
use lab::workdir::Workdir;

use crate::cli::DemoOptions;

/// Far beyond what the demonstration takes.
const LIMIT: Duration = Duration::from_secs(180);

/// Plays the demonstration. Outside the isolation this does not return.
pub fn show(options: &DemoOptions) -> Result<ExitCode> {
    let isolation = isolate::enter()?;
    let workdir = Workdir::new("demo")?;
    let curtain = Curtain::new(workdir.path())?;
    let watchdog = Watchdog::set(LIMIT, workdir.path().to_owned());
    let stage = Stage::new();
    let all_seen = play(options, &isolation, &workdir, stage, watchdog, &curtain)?;
    if all_seen {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Logs are in {}", workdir.keep().display());
    Ok(ExitCode::FAILURE)
}

/// Plays, and holds the lab up until its user has had enough.
fn play(
    options: &DemoOptions,
    isolation: &Isolation,
    workdir: &Workdir,
    mut stage: Stage,
    watchdog: Watchdog,
    curtain: &Curtain,
) -> Result<bool> {
    let mut lab = stage.with_progress("building hosts, switch and internet", |_| {
        Lab::new(isolation, demo::HOSTS, workdir.path())
    })?;
    let mut cast = Cast::default();
    let outcome = demo::play(&mut lab, &mut cast, &mut stage);
    let all_seen = stage.finish();
    drop(watchdog);
    if let Err(error) = &outcome
        && all_seen
    {
        println!("\nError: {error:#}");
    }
    if options.keep {
        let kept = KeptLab::record(&lab, &cast)?;
        println!("{}", instructions(&kept)?);
        curtain.wait_for_the_end();
        println!("Taking the lab down.");
    }
    Ok(all_seen && outcome.is_ok())
}

/// When the lab comes down: an interruption ends the play at once, and the lab that is kept in order.
struct Curtain {
    ending: Receiver<()>,
    sender: SyncSender<()>,
    is_kept: Arc<Mutex<bool>>,
}

impl Curtain {
    fn new(logs: &Path) -> Result<Self> {
        let (sender, ending) = sync_channel(1);
        let is_kept = Arc::new(Mutex::new(false));
        let (kept, interrupt, logs) = (Arc::clone(&is_kept), sender.clone(), logs.to_owned());
        handle_interrupts(move || {
            if *kept.lock().unwrap_or_else(PoisonError::into_inner) {
                end(&interrupt);
            } else {
                interrupted(&logs);
            }
        })
        .context("so that Ctrl-C takes the lab down")?;
        Ok(Self {
            ending,
            sender,
            is_kept,
        })
    }

    /// Waits for ENTER or an interruption.
    fn wait_for_the_end(&self) {
        *self.is_kept.lock().unwrap_or_else(PoisonError::into_inner) = true;
        let enter = self.sender.clone();
        thread::spawn(move || {
            // Without a terminal there is no ENTER to come, only a signal.
            if stdin()
                .lock()
                .read_line(&mut String::new())
                .is_ok_and(|length| length > 0)
            {
                end(&enter);
            }
        });
        // It cannot fail: a sender is kept beside the receiver.
        let _ = self.ending.recv();
    }
}

/// A queue that is full has an end in it already.
fn end(sender: &SyncSender<()>) {
    let _ = sender.try_send(());
}
