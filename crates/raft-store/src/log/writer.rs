//! The one who writes: a thread with a bounded queue, a task with one, or the caller itself.
//!
//! Closing waits for the thread, but not for ever: a disk may hang, and a node must be able to stop.

use super::engine::Engine;
use super::operation::Queued;
use crate::data_dir::DataDir;
use crate::{Execution, StoreError};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many operations may wait; then openraft waits.
const QUEUE_OPERATIONS: usize = 1024;
/// How many operations share one sync at most.
const GROUP_OPERATIONS: usize = 512;

/// How long the thread is given to finish its queue when the store is closed.
const CLOSE: Duration = Duration::from_secs(5);

/// Where operations go.
pub(super) enum Writer {
    Thread(WriterThread),
    Task(Sender<Queued>),
    Inline(Mutex<Engine>),
}

/// A thread that writes.
pub(super) struct WriterThread {
    /// `None` once it is closed.
    queue: Option<Sender<Queued>>,
    thread: Option<JoinHandle<()>>,
    /// Its other end is dropped when the thread has finished.
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Writer {
    /// `directory` says what the engine's disk is on.
    pub(super) fn new(
        engine: Engine,
        execution: Execution,
        directory: Arc<DataDir>,
    ) -> Result<Self, StoreError> {
        match execution {
            Execution::Inline => Ok(Self::Inline(Mutex::new(engine))),
            Execution::Tasks => {
                let (queue, operations) = channel(QUEUE_OPERATIONS);
                tokio::spawn(run_as_task(engine, operations, directory));
                Ok(Self::Task(queue))
            }
            Execution::Threads => Ok(Self::Thread(WriterThread::spawn(engine)?)),
        }
    }

    /// Puts an operation behind all earlier ones. Waits only while the queue is full.
    pub(super) async fn submit(&self, queued: Queued) -> Result<(), StoreError> {
        let queue = match self {
            Self::Thread(thread) => thread.queue.as_ref().ok_or(StoreError::WriterStopped)?,
            Self::Task(queue) => queue,
            Self::Inline(engine) => {
                let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
                engine.commit(vec![queued]);
                while engine.is_purging() {
                    engine.purge_step();
                }
                return Ok(());
            }
        };
        let sent = queue.send(queued).await;
        sent.map_err(|_| StoreError::WriterStopped)
    }
}

impl Drop for Writer {
    /// Waits until everything in the queue is on disk, or [`CLOSE`] is over. A task cannot be waited for here: it writes
    /// what is in its queue and keeps the data directory until then.
    fn drop(&mut self) {
        match self {
            Self::Thread(thread) => thread.close(CLOSE),
            Self::Task(_) => {}
            Self::Inline(engine) => engine
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .finish(),
        }
    }
}

impl WriterThread {
    fn spawn(engine: Engine) -> Result<Self, StoreError> {
        let (queue, operations) = channel(QUEUE_OPERATIONS);
        let (running, ended) = mpsc::sync_channel(0);
        let thread = Builder::new().name("log-writer".into()).spawn(move || {
            // Dropped last, also by a panic.
            let _running = running;
            run(engine, operations);
        });
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread.map_err(StoreError::WriterThread)?),
            ended: Mutex::new(ended),
        })
    }

    /// Waits until the queue is on disk, at most for `patience`. After that the thread is left to
    /// itself, with the data directory still locked: what it has not written was acknowledged to
    /// nobody.
    fn close(&mut self, patience: Duration) {
        drop(self.queue.take());
        let Some(thread) = self.thread.take() else {
            return;
        };
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            tracing::error!(
                "the storage has not finished its last writes within {patience:?}: they are given \
                 up, nobody was told that they are done; check the disk"
            );
        } else if thread.join().is_err() {
            tracing::error!("the log's writer thread panicked");
        }
    }
}

fn run(mut engine: Engine, mut operations: Receiver<Queued>) {
    while let Some(first) = next_while_purging(&mut engine, &mut operations) {
        engine.commit(group(first, &mut operations));
        engine.purge_step();
    }
    engine.finish();
}

/// [`run`], with every wait a wait of the runtime. Dropped with it in a crash, at any of them.
async fn run_as_task(
    mut engine: Engine,
    mut operations: Receiver<Queued>,
    directory: Arc<DataDir>,
) {
    let sync_latency = || tokio::time::sleep(directory.env().sync_latency());
    loop {
        while engine.is_purging() && operations.is_empty() && !operations.is_closed() {
            engine.purge_step();
            tokio::task::yield_now().await;
        }
        let Some(first) = operations.recv().await else {
            break;
        };
        let written = engine.write(group(first, &mut operations));
        if written.is_awaited() {
            sync_latency().await;
        }
        engine.complete(written);
        engine.purge_step();
    }
    sync_latency().await;
    engine.finish();
}

/// The next operation; until there is one, purged entries are removed.
fn next_while_purging(engine: &mut Engine, operations: &mut Receiver<Queued>) -> Option<Queued> {
    loop {
        if !engine.is_purging() {
            return operations.blocking_recv();
        }
        match operations.try_recv() {
            Ok(queued) => return Some(queued),
            Err(TryRecvError::Empty) => engine.purge_step(),
            Err(TryRecvError::Disconnected) => return None,
        }
    }
}

/// `first` and all that is waiting, up to a limit.
fn group(first: Queued, operations: &mut Receiver<Queued>) -> Vec<Queued> {
    let mut group = vec![first];
    while group.len() < GROUP_OPERATIONS {
        match operations.try_recv() {
            Ok(queued) => group.push(queued),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    group
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::disk::Disk;
    use super::super::operation::Operation;
    use super::super::view::SharedView;
    use super::*;
    use crate::{UnfinishedWrites, WriteKind};

    /// Hangs in its last sync until the other end is dropped.
    struct HungDisk {
        hangs: mpsc::SyncSender<()>,
        mended: mpsc::Receiver<()>,
    }

    impl Disk for HungDisk {
        fn write(&mut self, _: &Operation) -> Result<(), StoreError> {
            Ok(())
        }

        fn sync(&mut self) -> Result<(), StoreError> {
            self.hangs.send(()).unwrap();
            self.mended.recv().ok();
            Ok(())
        }

        fn close(&mut self) -> Result<(), StoreError> {
            Ok(())
        }

        fn purge_step(&mut self, _: u64) -> Result<bool, StoreError> {
            Ok(false)
        }
    }

    /// That this test ends is half of what it shows.
    #[test]
    fn a_hung_disk_is_seen_and_does_not_keep_the_store_from_closing() {
        let (hangs, hanging) = mpsc::sync_channel(0);
        let (mend, mended) = mpsc::sync_channel::<()>(0);
        let unfinished = UnfinishedWrites::default();
        let disk = Box::new(HungDisk { hangs, mended });
        let view = SharedView::default();
        let engine = Engine::new(disk, view, Arc::default(), unfinished.clone(), None);
        let mut writer = WriterThread::spawn(engine).unwrap();
        let (done, durable) = mpsc::sync_channel(1);
        let vote = Queued {
            operation: Operation::Committed { record: Vec::new() },
            completion: Some(Box::new(move |result| {
                done.send(result.is_ok()).unwrap();
            })),
        };
        writer.queue.as_ref().unwrap().try_send(vote).ok().unwrap();
        hanging.recv().unwrap();
        assert!(unfinished.oldest(WriteKind::Log).is_some());
        writer.close(Duration::ZERO);
        drop(mend);
        assert!(durable.recv().unwrap(), "it finishes when the disk does");
    }
}
