//! openraft's own test suite for storages, on the simulated disk.

use crate::disk::{Disk, DiskFaults};
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use raft_store::{Execution, LogStore, OpenOptions, StateMachine, TypeConfig, open_on};
use std::time::Duration;

struct Builder;

impl StoreBuilder<TypeConfig, LogStore, StateMachine, Disk> for Builder {
    async fn build(&self) -> Result<(Disk, LogStore, StateMachine), StorageError<TypeConfig>> {
        let disk = Disk::new(0);
        disk.set_faults(DiskFaults {
            sync_latency: Duration::from_millis(1)..=Duration::from_millis(20),
            ..DiskFaults::default()
        });
        let mut options = OpenOptions::new("/data", 0);
        options.execution = Execution::Tasks;
        let store = open_on(disk.start(), &options).expect("a new store opens");
        Ok((disk, store.log, store.state_machine))
    }
}

#[tokio::test(start_paused = true)]
async fn openrafts_suite_on_a_simulated_disk() {
    Suite::test_all(Builder).await.expect("the suite passes");
}
