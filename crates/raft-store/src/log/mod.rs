//! The log and the vote.
//!
//! ```text
//! openraft ─► LogStore ─► View (memory: what openraft has asked for, and the log's tail)
//!                 └─ queue ─► Writer thread ─► Engine (group commit) ─► Disk (database, watermark)
//! openraft ◄─ LogReader ◄── View, or the database for what is older than the tail
//! ```
//!
//! The view is ahead of the disk: what openraft asks for is visible as soon as it has asked, and
//! durable when the completion comes. Both see the same operations in the same order.

mod database;
mod disk;
mod engine;
mod key;
mod log_disk;
mod operation;
mod reader;
mod record;
mod storage;
mod store;
mod tail;
mod tail_watch;
#[cfg(feature = "testing")]
pub(crate) mod testing;
mod verify;
mod view;
mod watermark;
mod writer;

pub use reader::LogReader;
pub use store::LogStore;
pub use tail_watch::LogTail;

pub(crate) use store::open;
