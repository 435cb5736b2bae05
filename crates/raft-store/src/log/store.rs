//! The log store: what openraft holds.

use super::database::Database;
use super::engine::Engine;
use super::log_disk::LogDisk;
use super::operation::{Completion, MetaKey, Operation, Queued};
use super::reader::LogReader;
use super::record;
use super::tail_watch::LogTail;
use super::verify::{Restored, cluster_laid_down, restore, seal_entry};
use super::view::{SharedView, View};
use super::watermark::Watermark;
use super::writer::Writer;
use crate::codec::{encode_log_id, encode_vote};
use crate::data_dir::{DataDir, Found};
use crate::failure::Failure;
use crate::loan::{Borrower, Loan};
use crate::{Entry, Execution, LogId, StoreError, UnfinishedWrites, Vote};
use prost::Message;
use std::io;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The log and the vote of one node.
///
/// Dropping the last copy waits, for some seconds, until everything that was asked for is on disk. The
/// data directory stays locked until its readers and the state machine are dropped too.
pub struct LogStore {
    pub(super) view: SharedView,
    pub(super) database: Database,
    pub(super) failure: Arc<Failure>,
    unfinished: UnfinishedWrites,
    writer: Arc<Writer>,
    /// Who may still write.
    _borrower: Option<Borrower>,
    poison: Option<String>,
}

/// Opens the log of a data directory, or makes a new one for `node_id`.
pub(crate) fn open(
    directory: Arc<DataDir>,
    found: Found,
    node_id: u64,
    execution: Execution,
    failure: Arc<Failure>,
    unfinished: UnfinishedWrites,
) -> Result<LogStore, StoreError> {
    let database = Database::open(directory.clone())?;
    let watermark = match found {
        Found::Nothing => {
            claim(&database, node_id)?;
            Watermark::create(directory.env(), &directory.watermark())?
        }
        Found::Data => {
            check_owner(&database, &directory, node_id)?;
            Watermark::open(directory.env(), &directory.watermark())?
        }
    };
    let Restored {
        view,
        purging,
        poison,
    } = restore(&database, watermark.mark())?;
    let view = SharedView::new(view);
    let disk = Box::new(LogDisk::new(database.clone(), watermark));
    let engine = Engine::new(
        disk,
        view.clone(),
        failure.clone(),
        unfinished.clone(),
        purging,
    );
    Ok(LogStore {
        view,
        database,
        failure,
        unfinished,
        writer: Arc::new(Writer::new(engine, execution, directory)?),
        _borrower: None,
        poison,
    })
}

impl LogStore {
    /// The same log for one Raft after the other: `loan` ends when this copy is dropped.
    #[must_use]
    pub fn lend(&self, loan: &Loan) -> Self {
        Self {
            view: self.view.clone(),
            database: self.database.clone(),
            failure: self.failure.clone(),
            unfinished: self.unfinished.clone(),
            writer: self.writer.clone(),
            _borrower: Some(loan.borrower()),
            poison: self.poison.clone(),
        }
    }

    /// Returns when all that was asked for so far is durable. A Raft that starts takes what it finds in
    /// the log for durable, and acknowledges it (S2).
    pub async fn settle(&self) -> Result<(), StoreError> {
        let vote = self.view.lock().vote;
        match vote {
            // Writes are durable in the order in which they were asked for.
            Some(vote) => self.store_vote(vote).await,
            None => self.failure.check(),
        }
    }

    /// What the store, its log and its snapshots, waits for.
    #[must_use]
    pub fn unfinished_writes(&self) -> UnfinishedWrites {
        self.unfinished.clone()
    }

    /// What in it is too large to count on from.
    pub(crate) const fn poison(&self) -> Option<&String> {
        self.poison.as_ref()
    }

    /// Shows nothing of what is in it.
    pub(crate) fn hide(&self) {
        *self.view.lock() = View::default();
    }

    /// The cluster that it lays down, if it still holds that entry.
    pub(crate) fn cluster_laid_down(&self) -> Result<Option<[u8; 16]>, StoreError> {
        cluster_laid_down(&self.database)
    }

    /// How far it goes.
    #[must_use]
    pub fn tail(&self) -> LogTail {
        LogTail::new(self.view.clone())
    }

    /// The last purged entry.
    pub(crate) fn purged(&self) -> Option<LogId> {
        self.view.lock().purged
    }

    pub(super) fn reader(&self) -> LogReader {
        LogReader::new(
            self.view.clone(),
            self.database.clone(),
            self.failure.clone(),
        )
    }

    /// Visible at once; `completion` is called when it is durable.
    pub(super) async fn append_entries(
        &self,
        entries: Vec<Entry>,
        completion: Completion,
    ) -> Result<(), StoreError> {
        self.failure.check()?;
        let mut records = Vec::with_capacity(entries.len());
        let mut sized = Vec::with_capacity(entries.len());
        for entry in entries {
            let record = seal_entry(&entry)?;
            let (index, bytes) = (entry.log_id.index, record.len());
            records.push((index, record));
            sized.push((entry, bytes));
        }
        let sequence = self.view.lock().append(sized)?;
        let operation = Operation::Append { records, sequence };
        self.submit(operation, Some(completion)).await
    }

    /// Durable, then visible.
    pub(super) async fn store_vote(&self, vote: Vote) -> Result<(), StoreError> {
        let record = sealed(MetaKey::Vote, &encode_vote(&vote));
        self.submit_durably(Operation::Vote { vote, record })
            .await?;
        self.view.lock().vote = Some(vote);
        Ok(())
    }

    /// Visible at once, durable with a later operation: it only makes a restart quicker.
    pub(super) async fn store_committed(&self, committed: LogId) -> Result<(), StoreError> {
        self.view.lock().committed = Some(committed);
        let record = sealed(MetaKey::Committed, &encode_log_id(&committed));
        self.submit(Operation::Committed { record }, None).await
    }

    /// Visible at once, and durable when it returns: openraft may install a snapshot next, which
    /// does not go through the log's queue. If the entries came back beside a durable snapshot that
    /// they contradict, openraft would take the store for corrupted and not start.
    pub(super) async fn truncate(&self, after: Option<LogId>) -> Result<(), StoreError> {
        let from = self.view.lock().truncate_after(after)?;
        match from {
            Some(from) => self.submit_durably(Operation::Truncate { from }).await,
            None => Ok(()),
        }
    }

    /// Visible at once; the entries are removed from disk little by little.
    pub(super) async fn purge_log(&self, upto: LogId) -> Result<(), StoreError> {
        if !self.view.lock().purge(upto) {
            return Ok(());
        }
        let record = sealed(MetaKey::Purged, &encode_log_id(&upto));
        let upto = upto.index;
        self.submit(Operation::Purge { upto, record }, None).await
    }

    /// Returns when the operation is durable.
    async fn submit_durably(&self, operation: Operation) -> Result<(), StoreError> {
        let (done, durable) = oneshot::channel();
        let completion: Completion = Box::new(move |result: Result<(), io::Error>| {
            // Nobody is there to be told when the node is shutting down.
            done.send(result.is_ok()).ok();
        });
        self.submit(operation, Some(completion)).await?;
        match durable.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => {
                self.failure.check()?;
                Err(StoreError::WriterStopped)
            }
        }
    }

    async fn submit(
        &self,
        operation: Operation,
        completion: Option<Completion>,
    ) -> Result<(), StoreError> {
        self.failure.check()?;
        let queued = Queued {
            operation,
            completion,
        };
        self.writer.submit(queued).await
    }
}

/// Writes the node's id into a new log. Durable when the data directory is sealed.
fn claim(database: &Database, node_id: u64) -> Result<(), StoreError> {
    let content = node_id.to_be_bytes();
    let record = record::seal(MetaKey::NodeId.name().as_bytes(), &content);
    database.put(MetaKey::NodeId, &record)?;
    database.sync()
}

fn check_owner(database: &Database, directory: &DataDir, expected: u64) -> Result<(), StoreError> {
    let damaged = |reason| StoreError::DamagedRecord {
        what: "the log's node id".into(),
        reason,
    };
    let content = database.meta(MetaKey::NodeId)?;
    let content = content.ok_or_else(|| damaged("it is missing, and so is perhaps more"))?;
    let bytes = content
        .try_into()
        .map_err(|_| damaged("it has the wrong length"))?;
    let found = u64::from_be_bytes(bytes);
    if found == expected {
        return Ok(());
    }
    Err(StoreError::ForeignNode {
        path: directory.root().to_owned(),
        found,
        expected,
    })
}

fn sealed(key: MetaKey, message: &impl Message) -> Vec<u8> {
    record::seal(key.name().as_bytes(), &message.encode_to_vec())
}
