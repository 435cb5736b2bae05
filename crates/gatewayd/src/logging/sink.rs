//! Where log lines go: to a file descriptor that may be full, slow, or closed at its other end.
//!
//! * **What it is.** A queue of lines, bounded in bytes, and a thread that writes them. Whoever logs
//!   never waits for whoever reads, and no error of the output reaches it.
//! * **What is lost is counted**: lines for which there was no room, and lines that could not be
//!   written. As soon as one can be written again, a line says how many are missing.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tracing_subscriber::fmt::MakeWriter;

/// How many bytes of lines may wait to be written.
const QUEUE_BYTES: usize = 1024 * 1024;

/// The queue's entrance. Clones share it.
#[derive(Clone)]
pub struct Sink(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when a line comes.
    filled: Condvar,
    /// Notified when the last line is written, or lost.
    emptied: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Lines that nobody will see.
    lost: u64,
    /// Whether a line is being written.
    writing: bool,
}

impl Sink {
    /// Starts the thread that writes to `output`.
    pub fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let sink = Self(Arc::default());
        let shared = Arc::clone(&sink.0);
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || shared.write_to(output))?;
        Ok(sink)
    }

    /// Queues a line, its end included. Never waits.
    pub fn line(&self, line: Vec<u8>) {
        let mut queue = self.0.lock();
        if queue.bytes + line.len() > QUEUE_BYTES {
            queue.lost += 1;
            return;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line);
        drop(queue);
        self.0.filled.notify_one();
    }

    /// Waits until every line is written or lost, at most `limit`.
    pub fn flush(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let mut queue = self.0.lock();
        while queue.writing || !queue.lines.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.emptied.wait_timeout(queue, left);
            (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes for ever.
    fn write_to(&self, mut output: impl Write) {
        loop {
            let (line, lost) = self.next();
            let written = say_lost(&mut output, lost).and_then(|()| {
                // Said; what is lost from here on is lost anew.
                self.lock().lost -= lost;
                output.write_all(&line).and_then(|()| output.flush())
            });
            let mut queue = self.lock();
            queue.writing = false;
            if written.is_err() {
                queue.lost += 1;
            }
            if queue.lines.is_empty() {
                self.emptied.notify_all();
            }
        }
    }

    /// The next line, and how many were lost before it.
    fn next(&self) -> (Vec<u8>, u64) {
        let mut queue = self.lock();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                queue.bytes -= line.len();
                queue.writing = true;
                return (line, queue.lost);
            }
            let waited = self.filled.wait(queue);
            queue = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn say_lost(output: &mut impl Write, lost: u64) -> io::Result<()> {
    if lost == 0 {
        return Ok(());
    }
    // One write, so that a half line is not left where there is no room for a whole one.
    let line = format!("gatewayd: {lost} log lines before this one could not be written\n");
    output.write_all(line.as_bytes())
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            sink: self.clone(),
            bytes: Vec::new(),
        }
    }
}

/// A line that is being put together; queued when it is dropped.
pub struct Line {
    sink: Sink,
    bytes: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.sink.line(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// An output that does with each write what it is told, and waits to be told.
    struct Told {
        orders: Receiver<bool>,
        written: Arc<Mutex<String>>,
    }

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.orders.recv() {
                Ok(true) => {
                    let text = std::str::from_utf8(bytes).unwrap();
                    self.written.lock().unwrap().push_str(text);
                    Ok(bytes.len())
                }
                _ => Err(io::ErrorKind::BrokenPipe.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn told() -> (Sink, SyncSender<bool>, Arc<Mutex<String>>) {
        let (order, orders) = sync_channel(64);
        let written = Arc::<Mutex<String>>::default();
        let output = Told {
            orders,
            written: written.clone(),
        };
        (Sink::start(output).unwrap(), order, written)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn lines_to_a_reader_that_is_gone_are_counted_and_told_when_it_is_back() {
        let (sink, order, written) = told();
        for (line, works) in [("one\n", false), ("two\n", false)] {
            order.send(works).unwrap();
            sink.line(line.into());
        }
        sink.flush(LONG);
        order.send(true).unwrap();
        order.send(true).unwrap();
        sink.line("three\n".into());
        sink.flush(LONG);
        let expected = "gatewayd: 2 log lines before this one could not be written\nthree\n";
        assert_eq!(*written.lock().unwrap(), expected);
    }

    #[test]
    fn lines_to_a_reader_that_stands_still_wait_up_to_a_limit_and_nobody_waits_for_them() {
        let (sink, order, written) = told();
        let line = vec![b'x'; QUEUE_BYTES / 8];
        for _ in 0..20 {
            sink.line(line.clone());
        }
        sink.flush(Duration::ZERO);
        let lost = sink.0.lock().lost;
        assert!(lost >= 11, "{lost}");
        for _ in 0..20 {
            order.send(true).unwrap();
        }
        sink.flush(LONG);
        let written = written.lock().unwrap();
        assert!(written.contains("log lines before this one could not be written"));
    }
}
