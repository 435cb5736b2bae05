//! Many runs, some at a time, and a table of them.
//!
//! Each cell is a process of its own (`jepsen run`), so that one that fails, hangs or is killed takes
//! nothing with it. Its folder keeps the verdict; a cell whose folder has one for the very same
//! command is not run again, so an interrupted matrix goes on where it was. The table is written after
//! every cell.

mod cells;
mod table;

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cli::{MatrixOptions, RunOptions};
use crate::runner::{Summary, read_summary};
use cells::Cell;
use table::{Row, Table};

/// How long a run of the short selection lasts: the longest trouble fits in, and all of them together take
/// about six minutes, or three with two at a time.
const SHORT: Duration = Duration::from_secs(16);
/// How long a run of the full matrix lasts unless somebody says otherwise.
const FULL: Duration = Duration::from_secs(60);

/// Runs it. What it returns is 0 if every cell is valid, and every promise was put to the test in some cell.
pub fn run(options: &MatrixOptions) -> Result<ExitCode> {
    let mut cells = if options.full {
        cells::full()
    } else {
        short(options.rotation)
    };
    if options.within.is_some() {
        let first = usize::try_from(options.seed).unwrap_or(0) % cells.len();
        cells.rotate_left(first);
    }
    let usual = if options.full { FULL } else { SHORT };
    let duration = options.duration.unwrap_or(usual);
    fs::create_dir_all(&options.out)
        .with_context(|| format!("making {}", options.out.display()))?;
    let started = Instant::now();
    let mut table = Table::new(cells.len());
    play_all(cells, duration, options, |place, row| {
        println!("{}", table.add(place, row));
        table.write(&options.out)
    })?;
    println!("\n{}", table.markdown());
    println!(
        "{} s; the table is in {}",
        started.elapsed().as_secs(),
        options.out.join(table::MARKDOWN).display()
    );
    let unjudged = table.unjudged();
    if !unjudged.is_empty() {
        println!("NOT JUDGED in any cell: {}", unjudged.join("; "));
    }
    let well = table.all_valid() && (unjudged.is_empty() || options.within.is_some());
    Ok(ExitCode::from(u8::from(!well)))
}

/// The short selection, and on standard output what was drawn.
fn short(rotation: Option<u64>) -> Vec<Cell> {
    let drawn = rotation.map_or_else(Vec::new, cells::drawn);
    if let Some(number) = rotation {
        let names: Vec<_> = drawn.iter().map(Cell::name).collect();
        println!("rotation {number}: {}", names.join(", "));
    }
    cells::core().into_iter().chain(drawn).collect()
}

/// Plays the cells, `--jobs` of them at a time. `tell` is handed each row, with its cell's place, as it
/// comes; an error of it, or of a cell, ends the matrix when the cells that run have ended.
fn play_all(
    cells: Vec<Cell>,
    duration: Duration,
    options: &MatrixOptions,
    mut tell: impl FnMut(usize, Row) -> Result<()>,
) -> Result<()> {
    let queue = Mutex::new(cells.into_iter().enumerate());
    let started = Instant::now();
    let is_over = || {
        options
            .within
            .is_some_and(|within| started.elapsed() >= within)
    };
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || if is_over() { None } else { next() };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, rows) = mpsc::sync_channel(options.jobs.get());
        for _ in 0..options.jobs.get() {
            let (sender, take, stop) = (sender.clone(), &take, &stop);
            // Each waits for the processes that it has started: they are to end with it.
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed)
                    && let Some((place, cell)) = take()
                {
                    let row = play(&cell, &run_of(&cell, duration, options), &options.out);
                    if sender.send((place, row)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let told = rows
            .into_iter()
            .try_for_each(|(place, row)| tell(place, row?));
        stop.store(true, Ordering::Relaxed);
        told
    })
}

fn run_of(cell: &Cell, duration: Duration, options: &MatrixOptions) -> RunOptions {
    RunOptions {
        workload: cell.workload,
        nemesis: cell.nemeses.iter().copied().map(Some).collect(),
        duration,
        seed: cell.seed(options.seed),
        clients: None,
        out: Some(options.out.join(cell.name())),
    }
}

/// A cell's row: of an earlier run if there is one, else of a run now.
fn play(cell: &Cell, run: &RunOptions, out: &Path) -> Result<Row> {
    let folder = out.join(cell.name());
    if let Some(summary) = earlier(&folder, run) {
        return Ok(Row::of(cell, summary, true));
    }
    let log = out.join(format!("{}.log", cell.name()));
    let file = File::create(&log).with_context(|| format!("making {}", log.display()))?;
    let this = env::current_exe().context("finding this executable")?;
    // The lab ends with its process, and its process with us, however we end.
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--"])
        .arg(this)
        .args(run.arguments())
        .stdout(
            file.try_clone()
                .with_context(|| format!("sharing {}", log.display()))?,
        )
        .stderr(file);
    let status = command
        .status()
        .with_context(|| format!("running {}", run.command_line()))?;
    match earlier(&folder, run) {
        Some(summary) => Ok(Row::of(cell, summary, false)),
        None => Ok(Row::failed(cell, run.command_line(), &status, log)),
    }
}

/// The summary that the folder has for this very command.
fn earlier(folder: &Path, run: &RunOptions) -> Option<Summary> {
    let summary = read_summary(folder).ok()?;
    (summary.command == run.command_line()).then_some(summary)
}
