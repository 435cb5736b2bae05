//! openraft's own test suite for storages, on every way of execution.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use raft_store::{Execution, LogStore, OpenOptions, StateMachine, TypeConfig, open};
use tempfile::TempDir;

/// Makes a store in a directory of its own, which lives as long as the test.
struct Builder(Execution);

impl StoreBuilder<TypeConfig, LogStore, StateMachine, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, LogStore, StateMachine), StorageError<TypeConfig>> {
        let directory = TempDir::new().expect("a temporary directory");
        let mut options = OpenOptions::new(directory.path(), 0);
        options.execution = self.0;
        let store = open(&options).expect("a new store opens");
        Ok((directory, store.log, store.state_machine))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suite_with_threads() {
    Suite::test_all(Builder(Execution::Threads))
        .await
        .expect("openraft's suite passes");
}

#[tokio::test]
async fn suite_with_tasks() {
    Suite::test_all(Builder(Execution::Tasks))
        .await
        .expect("openraft's suite passes");
}

#[tokio::test]
async fn suite_inline() {
    Suite::test_all(Builder(Execution::Inline))
        .await
        .expect("openraft's suite passes");
}
