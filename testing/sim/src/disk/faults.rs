//! What is wrong with a disk, until somebody says otherwise.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The faults of a disk. The default is a good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskFaults {
    /// No space: writes to files and syncs of new batches fail (ENOSPC).
    pub full: bool,
    /// Every sync with something to do fails (EIO).
    pub failing_sync: bool,
    /// How long a sync takes.
    pub sync_latency: RangeInclusive<Duration>,
}

impl Default for DiskFaults {
    fn default() -> Self {
        Self {
            full: false,
            failing_sync: false,
            sync_latency: Duration::ZERO..=Duration::ZERO,
        }
    }
}
