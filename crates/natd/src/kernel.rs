//! The kernel, as this crate needs it: a port with two implementations.
//!
//! [`NftKernel`] speaks to nf_tables over netlink and never runs the `nft` program;
//! [`fake::FakeKernel`] keeps the same promises in memory, for tests and simulation.
//!
//! In: [`TableImage`]s. Out: what the kernel really holds. **Blocking**: every method of [`Kernel`] makes
//! system calls; a replacement or a removal waits for the kernel's grace period (tens of
//! milliseconds), so [`crate::reconcile`] calls them on tokio's blocking threads. A crash between
//! two calls leaves what the last finished transaction made.

mod conntrack;
mod error;
mod events;
pub mod fake;
mod foreign;
mod forwarding;
mod message;
mod nft_sys;
mod nftables;
mod read;
mod request;
mod socket;
mod transaction;

pub use error::KernelError;
pub use events::NetlinkEvents;
pub use nftables::NftKernel;

use crate::flows::Closing;
use crate::image::{TableImage, TableUpdate};
use crate::table::TableId;
use std::future::Future;

/// What a reconciler asks of the kernel. Each call about a table names it, and touches no other.
pub trait Kernel: Send + 'static {
    /// What the table is now; `None` if it is not there.
    fn read_table(&mut self, table: TableId) -> Result<Option<TableImage>, KernelError>;

    /// Makes the table equal to `image`, in one transaction: all of it, or nothing changes.
    ///
    /// Established connections go on. The kernel looks at chains and maps one after the other, so a
    /// *new* connection that arrives at the very moment may find the old chain and the new, not yet
    /// visible map (measured: some 0.3 µs per replacement). Hence [`Kernel::update_table`].
    fn replace_table(&mut self, table: TableId, image: &TableImage) -> Result<(), KernelError>;

    /// Changes rules and elements in place, in one transaction: all of it, or nothing changes. What
    /// stays the same is in force all the time.
    fn update_table(&mut self, table: TableId, update: &TableUpdate) -> Result<(), KernelError>;

    /// Removes the table. Whether it was there.
    fn remove_table(&mut self, table: TableId) -> Result<bool, KernelError>;

    /// Deletes the tracked connections that must end, and returns how many. A connection that is being
    /// made meanwhile may be seen only by the next call, so call until it returns 0.
    fn close_flows(&mut self, closing: &Closing) -> Result<u32, KernelError>;

    /// Whether the kernel forwards IPv4 packets between interfaces.
    fn forwarding(&mut self) -> Result<bool, KernelError>;

    /// Makes the kernel forward IPv4 packets.
    fn enable_forwarding(&mut self) -> Result<(), KernelError>;
}

/// Notifications that something may have changed. They carry no data: whoever gets one reads the kernel.
pub trait KernelEvents: Send {
    /// Completes when something may have changed since the last time. Cancel-safe.
    fn changed(&mut self) -> impl Future<Output = Result<(), KernelError>> + Send;
}
