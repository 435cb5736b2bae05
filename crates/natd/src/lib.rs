//! NAT and forwarding of one node: from the replicated intent to the kernel's rules.
//!
//! ```text
//! ipam::NatView ──► plan ──► Ruleset ──► TableImage ──► Reconciler ──► Kernel (nf_tables, or a fake)
//! NodeContext ────► (pure)   (pure)      (desired)         ▲              │
//!                                                          └─ read back ──┘
//! ```
//!
//! * **What it is.** [`plan()`] decides, [`kernel`] carries, [`reconcile`] compares the desired state with
//!   what the kernel holds and repairs drift. [`netlink`] says what addresses and interfaces this host has.
//! * **What it is not.** It knows nothing of Raft or DHCP, runs no `nft`, and has no state to lose.
//! * **Invariants.** It owns the table [`ruleset::TABLE`], the tracked connections that its rules made or
//!   that a client left behind, and `net.ipv4.ip_forward`, and writes nothing else. The table changes
//!   in one transaction. On exit it stays.
//! * **Sources.** nf_tables: `linux/netfilter/nf_tables.h`, nft(8). ADR 0006: source NAT of forwarded
//!   connections.

pub mod context;
pub mod flows;
pub mod host;
pub mod image;
pub mod intent;
pub mod kernel;
pub mod netlink;
pub mod plan;
pub mod reconcile;
pub mod ruleset;
pub mod table;

pub use context::{Guard, InterfaceName, NodeContext};
pub use intent::{Intent, ReplicaStatus, Vacated};
pub use kernel::{NetlinkEvents, NftKernel};
pub use plan::{Plan, PlanError, plan};
pub use reconcile::{NatStatus, Reconciler};
pub use table::{TableFamily, TableId};
