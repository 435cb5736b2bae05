//! Writing a history while the run goes on, from any number of threads and tasks.
//!
//! Lines are in the order of their times. Threads report what they saw a moment late, so lines wait for some
//! seconds before they are written, and a line that comes later still is an error: a history that is not in
//! order would be judged wrongly. Memory is bounded by what happens in that time.
//!
//! A crash of the run leaves all but the last seconds, perhaps with half a last line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::line;
use super::operation::{Failure, Function, Kind, Operation, Process};
use super::value::Value;

/// Bytes that are kept before they are written.
const BUFFER: usize = 64 * 1024;

/// How late a line may come, in nanoseconds. Between seeing something and reporting it a thread only has to
/// be given a processor.
const LATEST: u64 = 5_000_000_000;

/// So many lines always wait: when all that runs has stood still for longer, the first thread to go on leaves
/// the others their places.
const KEPT: usize = 1_000;

/// The clock of a run: nanoseconds since it began, never back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

/// What is recorded: an [`Operation`] without its place and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub process: Process,
    /// Begun, or how it ended.
    pub kind: Kind,
    /// What.
    pub function: Function,
    /// Of or with what.
    pub value: Value,
    /// The node that was asked or seen.
    pub node: Option<String>,
    /// Why not.
    pub error: Option<Failure>,
}

/// Writes a history.
pub struct Recorder {
    clock: Clock,
    file: Mutex<Lines>,
}

struct Lines {
    out: BufWriter<Box<dyn Write + Send>>,
    next_index: u64,
    /// What is not written yet, by time, and by order of coming.
    waiting: BTreeMap<(u64, u64), Entry>,
    came: u64,
    /// The time of the last line that is written.
    written: u64,
}

impl Clock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Nanoseconds since it began.
    pub fn now(&self) -> u64 {
        self.at(Instant::now())
    }

    /// A moment on this clock; 0 if it was before.
    pub fn at(&self, moment: Instant) -> u64 {
        let elapsed = moment.saturating_duration_since(self.start);
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Recorder {
    /// Writes to a new file. The run begins now.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self::new(File::create(path)?, Clock::start()))
    }

    /// Writes to `out`, on a clock that runs already.
    pub fn new(out: impl Write + Send + 'static, clock: Clock) -> Self {
        let lines = Lines {
            out: BufWriter::with_capacity(BUFFER, Box::new(out)),
            next_index: 0,
            waiting: BTreeMap::new(),
            came: 0,
            written: 0,
        };
        Self {
            clock,
            file: Mutex::new(lines),
        }
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Records what happens now: an invocation before anything is sent, a completion after it came.
    pub fn record(&self, entry: Entry) -> io::Result<()> {
        let mut lines = self.lock();
        // Read under the lock: what one thread has done before another is written before it.
        let now = self.clock.now();
        lines.put(entry, now, now)
    }

    /// Records what happened at `time`, a little earlier: a packet that another thread received.
    pub fn record_at(&self, entry: Entry, time: u64) -> io::Result<()> {
        let mut lines = self.lock();
        lines.put(entry, time, self.clock.now())
    }

    /// Writes out all that waits. Without it the end is lost.
    pub fn flush(&self) -> io::Result<()> {
        let mut lines = self.lock();
        lines.write_before(u64::MAX, 0)?;
        lines.out.flush()
    }

    /// A thread that panicked while it wrote left at worst a broken line, which the reader names.
    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn put(&mut self, entry: Entry, time: u64, now: u64) -> io::Result<()> {
        if time < self.written {
            return Err(io::Error::other(format!(
                "what happened {} ns after the beginning is reported when a line of {} ns is written already",
                time, self.written
            )));
        }
        self.waiting.insert((time, self.came), entry);
        self.came += 1;
        self.write_before(now.saturating_sub(LATEST), KEPT)
    }

    /// Writes what happened before `end`, but for the last `kept` lines.
    fn write_before(&mut self, end: u64, kept: usize) -> io::Result<()> {
        while self.waiting.len() > kept {
            let first = self.waiting.first_entry();
            let Some(first) = first.filter(|first| first.key().0 < end) else {
                break;
            };
            let ((time, _), entry) = first.remove_entry();
            self.written = time;
            let index = self.next_index;
            self.next_index += 1;
            writeln!(self.out, "{}", line::write(&entry.at(index, time)))?;
        }
        Ok(())
    }
}

impl Entry {
    /// Its line.
    fn at(self, index: u64, time: u64) -> Operation {
        Operation {
            index,
            time,
            process: self.process,
            kind: self.kind,
            function: self.function,
            value: self.value,
            node: self.node,
            error: self.error,
        }
    }

    /// Something that was seen.
    pub fn seen(function: Function, node: Option<&str>, value: Value) -> Self {
        Self {
            process: Process::Observer,
            kind: Kind::Info,
            function,
            value,
            node: node.map(str::to_owned),
            error: None,
        }
    }

    /// The beginning of an operation of process `process`.
    pub fn invoke(process: u64, function: Function, value: Value) -> Self {
        Self {
            process: Process::Client(process),
            kind: Kind::Invoke,
            function,
            value,
            node: None,
            error: None,
        }
    }

    /// One half of a fault's beginning or end: recorded before it is done, and again after.
    pub fn fault(function: Function, fault: super::Fault) -> Self {
        Self {
            process: Process::Nemesis,
            kind: Kind::Info,
            function,
            value: Value::Fault(fault),
            node: None,
            error: None,
        }
    }

    /// The end of what this began.
    pub fn completed(&self, kind: Kind, value: Value, error: Option<Failure>) -> Self {
        Self {
            kind,
            value,
            error,
            ..self.clone()
        }
    }
}
