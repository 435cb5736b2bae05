//! The kernel, as this crate needs it: a port with two implementations.
//!
//! [`NftKernel`] speaks to nf_tables over netlink and never runs the `nft` program;
//! [`fake::FakeKernel`] keeps the same promises in memory, for tests and simulation.
//!
//! In: [`TableImage`]s. Out: what is really there. **Blocking**: every method of [`Kernel`] makes
//! system calls; a replacement or a removal waits for the kernel's grace period (tens of
//! milliseconds), so [`crate::reconcile`] calls them on tokio's blocking threads. A crash between
//! two calls leaves what the last finished transaction made.

mod conntrack;
mod error;
mod events;
pub mod fake;
mod forwarding;
mod message;
mod nft_sys;
mod nftables;
mod read;
mod socket;
mod transaction;

pub use error::KernelError;
pub use events::NetlinkEvents;
pub use nftables::NftKernel;

use crate::flows::Closing;
use crate::image::{TableImage, TableUpdate};
use std::future::Future;

/// What a reconciler asks of the kernel. Only the table [`crate::ruleset::TABLE`] is ever written.
pub trait Kernel: Send + 'static {
    /// What our table is now; `None` if it is not there.
    fn read_table(&mut self) -> Result<Option<TableImage>, KernelError>;

    /// Makes our table equal to `table`, in one transaction: all of it, or nothing changes.
    ///
    /// Established connections go on. The kernel looks at chains and maps one after the other, so a
    /// *new* connection that arrives at the very moment may find the old chain and the new, not yet
    /// visible map (measured: some 0.3 µs per replacement). Hence [`Kernel::update_table`].
    fn replace_table(&mut self, table: &TableImage) -> Result<(), KernelError>;

    /// Changes rules and elements in place, in one transaction: all of it, or nothing changes. What
    /// stays the same is in force all the time.
    fn update_table(&mut self, update: &TableUpdate) -> Result<(), KernelError>;

    /// Removes the table that an older build of ours left under our name, in another family. Whether
    /// there was one.
    fn remove_predecessor(&mut self) -> Result<bool, KernelError>;

    /// Forgets the tracked connections that must end. How many there were: one that was being made
    /// meanwhile may be seen only by the next call, so call until there is none.
    fn close_flows(&mut self, closing: &Closing) -> Result<u32, KernelError>;

    /// Whether the kernel forwards IPv4 packets between interfaces.
    fn forwarding(&mut self) -> Result<bool, KernelError>;

    /// Makes the kernel forward IPv4 packets.
    fn enable_forwarding(&mut self) -> Result<(), KernelError>;
}

/// Says that something may have changed. It carries no data: read, and see.
pub trait KernelEvents: Send {
    /// Completes when something may have changed since the last time. Cancel-safe.
    fn changed(&mut self) -> impl Future<Output = Result<(), KernelError>> + Send;
}
