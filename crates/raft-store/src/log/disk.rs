//! What the engine needs of a disk. There are two: the log's database, and a fake that loses what was not synced.

use super::operation::Operation;
use super::watermark::Mark;
use crate::StoreError;

/// Where the log is.
pub(super) trait Disk: Send {
    /// Makes the change readable. Durable only after [`Disk::sync`].
    fn write(&mut self, operation: &Operation) -> Result<(), StoreError>;

    /// Makes every change so far durable.
    fn sync(&mut self) -> Result<(), StoreError>;

    /// What is durable after the last [`Disk::sync`].
    fn durable(&self) -> Mark {
        Mark::default()
    }

    /// Makes everything durable for the last time.
    fn close(&mut self) -> Result<(), StoreError>;

    /// Removes a bounded number of entries up to `upto`; whether there are more.
    fn purge_step(&mut self, upto: u64) -> Result<bool, StoreError>;
}
