//! What an operator may do with a node, free of transport.
//!
//! * **What it is.** [`Operations`]: each call is a read of this node's own view, or a command and its outcome. The
//!   daemon's gRPC service and the simulation's operators go through it; so will an HTTP adapter
//!   (ADR 0036).
//! * **What it is not.** How requests are carried and encoded (an adapter does that), and what the state machine
//!   allows (`ipam`).
//! * **What flows in and out.** In: typed requests and a [`Caller`]. Out: typed answers, an [`OperatorError`] that
//!   says what to do, and an audit line for each change ([`audit`]).
//! * **Cancel safety.** Dropping a call abandons its answer, not the command: it may still be committed.
//!
//! Contract: S11 (status).

pub mod audit;
mod before;
mod bootstrap;
mod caller;
mod change;
mod error;
mod explain;
mod leases;
mod list;
mod nodes;
mod operations;
mod profile;
pub mod status;
pub mod text;
pub mod verdict;
mod watch;

pub use bootstrap::Bootstrapped;
pub use caller::Caller;
pub use error::{ErrorKind, OperatorError};
pub use explain::{Explanation, SeenAt};
pub use leases::{LeaseFilter, ListedLease};
pub use list::ListedObject;
pub use operations::Operations;
pub use status::NodeStatus;
pub use watch::{CommittedEvent, Watched};
