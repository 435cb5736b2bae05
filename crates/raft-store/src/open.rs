//! Opening a data directory.

use crate::data_dir::{ClusterIdFile, DataDir, Found, Release};
use crate::failure::Failure;
use crate::snapshot::SnapshotStore;
use crate::storage_env::{OsEnv, StorageEnv};
use crate::{
    Execution, LogStore, NodeFile, NoteBook, StateMachine, StateReader, StoreError,
    UnfinishedWrites, log, state_machine,
};
use std::path::PathBuf;
use std::sync::Arc;

/// Which data directory, for whom, and how.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The data directory; made if it is not there.
    pub directory: PathBuf,
    /// The node's id. A directory belongs to one node for ever.
    pub node_id: u64,
    /// Where work that may block is done.
    pub execution: Execution,
}

/// An open data directory. Locked until the log, its readers and the state machine are dropped.
pub struct Store {
    /// For openraft.
    pub log: LogStore,
    /// For openraft.
    pub state_machine: StateMachine,
    /// For everybody else.
    pub reader: StateReader,
    /// What this node was told that no other need know.
    pub local: NodeFile,
    /// What members note of their logs.
    pub notes: NoteBook,
    /// For those who want to open the directory again in this process.
    pub release: Release,
    /// Which cluster the directory belongs to.
    pub cluster: ClusterIdFile,
    /// Why nothing of what is in it may be used, if so: then the log and the state look empty, and
    /// nobody may write to them.
    pub poisoned: Option<String>,
}

impl OpenOptions {
    /// The usual options.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, node_id: u64) -> Self {
        Self {
            directory: directory.into(),
            node_id,
            execution: Execution::default(),
        }
    }
}

/// Opens the data directory, or makes a new one, and checks all that is in it. Blocks: it reads
/// the whole log and the newest snapshot.
pub fn open(options: &OpenOptions) -> Result<Store, StoreError> {
    open_on(Arc::new(OsEnv), options)
}

/// [`open`] on another storage environment than the operating system's. With [`Execution::Tasks`] it must be called in the
/// runtime that the tasks shall run on.
pub fn open_on(env: Arc<dyn StorageEnv>, options: &OpenOptions) -> Result<Store, StoreError> {
    let (directory, found) = DataDir::open(env, &options.directory)?;
    let directory = Arc::new(directory);
    let execution = options.execution;
    let failure = Arc::<Failure>::default();
    let unfinished = UnfinishedWrites::default();
    let log = log::open(
        directory.clone(),
        found,
        options.node_id,
        execution,
        failure.clone(),
        unfinished.clone(),
    )?;
    if found == Found::Nothing {
        directory.seal()?;
    }
    let release = directory.release();
    let local = NodeFile::new(directory.clone(), "profile", execution);
    let tail = log.tail();
    let has_data = tail.last().is_some() || tail.vote().is_some();
    let notes = NoteBook::open(&directory, failure.clone(), execution, has_data)?;
    let snapshots = SnapshotStore::open(directory.clone(), failure, unfinished)?;
    let state_machine = state_machine::open(snapshots, execution)?;
    let reader = state_machine.reader();
    let last = state_machine.poison().or_else(|| log.poison().cloned());
    if let Some(poisoned) = last {
        let own = (local, notes);
        return hide(log, state_machine, own, directory, execution, poisoned);
    }
    check_purged(&log, &reader)?;
    let in_state = reader.with(|applied| applied.state.cluster_id());
    let in_state = match in_state {
        Some(id) => Some(id),
        None => log.cluster_laid_down()?,
    };
    let cluster = ClusterIdFile::open(&directory, execution, in_state)?;
    Ok(Store {
        log,
        state_machine,
        reader,
        local,
        notes,
        release,
        cluster,
        poisoned: None,
    })
}

/// A store that shows nothing of what it has: a number in it is too large to count on from.
fn hide(
    log: LogStore,
    state_machine: StateMachine,
    (local, notes): (NodeFile, NoteBook),
    directory: Arc<DataDir>,
    execution: Execution,
    poisoned: String,
) -> Result<Store, StoreError> {
    log.hide();
    let state_machine = state_machine.hidden();
    Ok(Store {
        log,
        reader: state_machine.reader(),
        state_machine,
        local,
        notes,
        release: directory.release(),
        cluster: ClusterIdFile::open(&directory, execution, None)?,
        poisoned: Some(poisoned),
    })
}

/// Without this, openraft would start an empty state machine where the log is purged.
fn check_purged(log: &LogStore, reader: &StateReader) -> Result<(), StoreError> {
    let snapshot = reader.mark().position.map(|position| position.index);
    match log.purged() {
        Some(purged) if snapshot < Some(purged.index) => Err(StoreError::MissingSnapshot {
            purged: purged.index,
            snapshot,
        }),
        _ => Ok(()),
    }
}
