//! The one who writes: a thread with a bounded queue, or the caller itself.

use super::engine::Engine;
use super::operation::Queued;
use crate::{Execution, StoreError};
use std::sync::{Mutex, PoisonError};
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
    Inline(Mutex<Engine>),
}

impl Writer {
    pub(super) fn new(engine: Engine, execution: Execution) -> Result<Self, StoreError> {
        match execution {
            Execution::Inline => Ok(Self::Inline(Mutex::new(engine))),
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
        match self {
            Self::Thread { queue, .. } => {
                let queue = queue.as_ref().ok_or(StoreError::WriterStopped)?;
                let sent = queue.send(queued).await;
                sent.map_err(|_| StoreError::WriterStopped)
            }
            Self::Inline(engine) => {
                let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
                engine.commit(vec![queued]);
                while engine.is_purging() {
                    engine.purge_step();
                }
                Ok(())
            }
        }
    }
}

impl Drop for Writer {
    /// Waits until everything in the queue is on disk.
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
            Self::Inline(engine) => engine
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .finish(),
        }
    }
}

fn run(mut engine: Engine, mut operations: Receiver<Queued>) {
    while let Some(group) = next_group(&mut engine, &mut operations) {
        engine.commit(group);
        engine.purge_step();
    }
    engine.finish();
}

/// All that is waiting, up to a limit; while nothing is, purged entries are removed.
fn next_group(engine: &mut Engine, operations: &mut Receiver<Queued>) -> Option<Vec<Queued>> {
    let first = loop {
        if !engine.is_purging() {
            break operations.blocking_recv()?;
        }
        match operations.try_recv() {
            Ok(queued) => break queued,
            Err(TryRecvError::Empty) => engine.purge_step(),
            Err(TryRecvError::Disconnected) => return None,
        }
    };
    let mut group = vec![first];
    while group.len() < GROUP_OPERATIONS {
        match operations.try_recv() {
            Ok(queued) => group.push(queued),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    Some(group)
}
