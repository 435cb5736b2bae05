//! The one who writes: a thread with a bounded queue, a task with one, or the caller itself.

use super::engine::Engine;
use super::operation::Queued;
use crate::data_dir::DataDir;
use crate::{Execution, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many operations may wait; then openraft waits.
const QUEUE_OPERATIONS: usize = 1024;
/// How many operations share one sync at most.
const GROUP_OPERATIONS: usize = 512;

/// Where operations go.
pub(super) enum Writer {
    Thread {
        /// `None` only while it is being dropped.
        queue: Option<Sender<Queued>>,
        thread: Option<JoinHandle<()>>,
    },
    Task(Sender<Queued>),
    Inline(Mutex<Engine>),
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
            Execution::Threads => {
                let (queue, operations) = channel(QUEUE_OPERATIONS);
                let thread = Builder::new()
                    .name("log-writer".into())
                    .spawn(move || run(engine, operations))
                    .map_err(StoreError::WriterThread)?;
                Ok(Self::Thread {
                    queue: Some(queue),
                    thread: Some(thread),
                })
            }
        }
    }

    /// Puts an operation behind all earlier ones. Waits only while the queue is full.
    pub(super) async fn submit(&self, queued: Queued) -> Result<(), StoreError> {
        let queue = match self {
            Self::Thread { queue, .. } => queue.as_ref().ok_or(StoreError::WriterStopped)?,
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
    /// Waits until everything in the queue is on disk. A task cannot be waited for here: it writes
    /// what is in its queue and keeps the data directory until then.
    fn drop(&mut self) {
        match self {
            Self::Thread { queue, thread } => {
                drop(queue.take());
                if let Some(thread) = thread.take()
                    && thread.join().is_err()
                {
                    tracing::error!("the log's writer thread panicked");
                }
            }
            Self::Task(_) => {}
            Self::Inline(engine) => engine
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .finish(),
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
    let sync_latency = || tokio::time::sleep(directory.medium().sync_latency());
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
