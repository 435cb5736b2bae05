//! Writing a history while the run goes on, from any number of threads and tasks.
//!
//! Nothing queues: whoever records writes, under one lock, into a buffer of fixed size before the
//! file. So memory is bounded, lines are whole, and `:index` and the order of lines agree. The lock
//! is held for the time of a copy, now and then of a write.
//!
//! A crash of the run leaves all but the last buffer, perhaps with half a last line.

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
        // Read under the lock, so that times grow with indexes.
        let now = self.clock.now();
        lines.put(entry, now)
    }

    /// Records what happened at `time`, a little earlier: a packet that another thread received.
    pub fn record_at(&self, entry: Entry, time: u64) -> io::Result<()> {
        self.lock().put(entry, time)
    }

    /// Writes out what is in the buffer. Without it the end may be lost.
    pub fn flush(&self) -> io::Result<()> {
        self.lock().out.flush()
    }

    /// A thread that panicked while it wrote left at worst a broken line, which the reader names.
    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn put(&mut self, entry: Entry, time: u64) -> io::Result<()> {
        let operation = Operation {
            index: self.next_index,
            time,
            process: entry.process,
            kind: entry.kind,
            function: entry.function,
            value: entry.value,
            node: entry.node,
            error: entry.error,
        };
        self.next_index += 1;
        writeln!(self.out, "{}", line::write(&operation))
    }
}

impl Entry {
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
