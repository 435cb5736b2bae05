//! What has happened on a disk: so that a run can say whether it exercised anything.

/// How often each thing has happened since the disk was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskCounters {
    /// Syncs of files, directories and the database that made something durable.
    pub syncs: u64,
    /// Power cuts.
    pub power_cuts: u64,
    /// Deaths of the process alone.
    pub process_deaths: u64,
    /// Ends of a life, of either kind, with something written and not synced.
    pub ends_between_write_and_sync: u64,
    /// Ends of a life at an operation of its own choosing ([`super::Disk::crash_after`]).
    pub ends_at_an_operation: u64,
    /// Writes to a file of which a part survived.
    pub torn_writes: u64,
    /// Writes to a file that were lost.
    pub lost_writes: u64,
    /// Batches of the database that were lost.
    pub lost_batches: u64,
    /// Batches of the database that survived though nobody had synced them.
    pub kept_batches: u64,
    /// Created, renamed or removed names that were undone.
    pub lost_names: u64,
    /// Syncs that failed on request.
    pub failed_syncs: u64,
    /// Operations refused because the disk was full.
    pub refused_full: u64,
    /// Operations refused because the life they belong to had ended.
    pub refused_dead: u64,
}
