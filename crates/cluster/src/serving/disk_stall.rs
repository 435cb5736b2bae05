//! A disk stall: a storage that hangs reports nothing. The age of what it has not finished tells.
//!
//! A node whose disk hangs still has its last state in memory, and hears the leader. It must not
//! offer from a view that no longer moves (L2), and must not lead: it would show its heartbeat,
//! and decide nothing.

use raft_store::{UnfinishedWrites, WriteKind};
use std::time::Duration;

/// How long a write of the log may take. A busy disk has seconds of queue at worst; by then a
/// client has asked again (RFC 2131 §4.1).
const LOG_PATIENCE: Duration = Duration::from_millis(2500);
/// The same for a snapshot, which is as large as the state, and which only a restart waits for.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(30);

/// Which write the disk does not finish, if so. It may end, and then the node comes back.
pub(super) fn disk_stall(unfinished: &UnfinishedWrites) -> Option<String> {
    let takes = |kind| unfinished.oldest(kind).map(|since| since.elapsed());
    explain(takes(WriteKind::Log), takes(WriteKind::Snapshot))
}

/// The reason does not say how long by now: it would be another reason each time.
fn explain(log: Option<Duration>, snapshot: Option<Duration>) -> Option<String> {
    let over = |takes: Option<Duration>, patience| takes.is_some_and(|takes| takes > patience);
    let (what, patience) = if over(log, LOG_PATIENCE) {
        ("a write", LOG_PATIENCE)
    } else if over(snapshot, SNAPSHOT_PATIENCE) {
        ("the write of a snapshot", SNAPSHOT_PATIENCE)
    } else {
        return None;
    };
    Some(format!(
        "its storage has not finished {what} for over {patience:?}: check the disk; the node comes \
         back by itself if the write ends"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_takes_too_long_is_a_reason_to_be_silent() {
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(explain(None, None), None);
        assert_eq!(explain(millis(2000), millis(2000)), None);
        let log = explain(millis(2600), None).unwrap_or_default();
        assert!(log.contains("2.5s: check the disk"), "{log}");
        let snapshot = explain(None, millis(31_000)).unwrap_or_default();
        assert!(snapshot.contains("snapshot for over 30s"), "{snapshot}");
    }
}
