//! openraft's options, where they are not its defaults.

use crate::config::{Snapshots, Timings};
use openraft::Config;
use std::time::Duration;

/// How many purgeable entries are let gather at most before they are removed.
const LARGEST_PURGE: u64 = 512;

/// The error says what is wrong with the timers.
pub(super) fn raft_config(timings: Timings, snapshots: Snapshots) -> Result<Config, String> {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let config = Config {
        cluster_name: "gatewayd".to_owned(),
        heartbeat_interval: millis(timings.heartbeat),
        election_timeout_min: millis(timings.election_min),
        election_timeout_max: millis(timings.election_max),
        install_snapshot_timeout: 10_000,
        snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(snapshots.entries_between),
        max_in_snapshot_log_to_keep: snapshots.entries_kept,
        max_payload_entries: snapshots.entries_per_append,
        // Entries are removed in steps of some size, and a small log must shrink too.
        purge_batch_size: (snapshots.entries_between / 4).clamp(1, LARGEST_PURGE),
        // A leader that restarts fast must not resume without an election: its state may be stale.
        enable_leader_restore: Some(false),
        // A node that was cut off must not depose a working leader when it comes back.
        enable_pre_vote: Some(true),
        // A follower whose log went back is filled again (see `crate::transport::log_reversions`): a leader that takes
        // it for level would wait for ever.
        allow_log_reversion: Some(true),
        // Until it is known that this node may stand: see `crate::elections`.
        enable_elect: false,
        ..Config::default()
    };
    //~ mutant s1_newcomer_stands: let config = Config { enable_elect: true, ..config };
    config.validate().map_err(|error| error.to_string())
}
