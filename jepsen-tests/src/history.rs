//! Histories: what was asked, what came of it, and when, as Jepsen writes them.
//!
//! One EDN map per line (`history.edn`), each an [`Operation`]. An operation of a process is two
//! lines: `:invoke`, then `:ok` (it happened), `:fail` (it did not) or `:info` (nobody knows).
//! The shape of every `:value` is documented in [`operation`].
//!
//! In: [`Recorder`], from any number of threads. Out: [`History`], with operations and completions
//! paired. The checkers see nothing else of a run.
//!
//! Times are nanoseconds since the run began, on one monotonic clock.
//!
//! Sources: jepsen.history (the keys of an operation), the EDN specification.

mod edn;
mod line;
pub mod operation;
mod paired;
mod reader;
mod recorder;
mod value;

pub use operation::{Failure, FailureKind, Function, Kind, Operation, Process};
pub use paired::{Call, History};
pub use reader::{ReadError, read, read_file};
pub use recorder::{Clock, Entry, Recorder};
pub use value::{
    Amiss, Asked, Exchange, Fault, Forward, Grant, LeaseRow, LeaseState, Member, NodeState, Reply,
    ReplyKind, Reservation, RulesetSeen, Setup, Shown, Stall, Told, Value,
};
pub use value::{Answer, Flow, FlowEvent, NatStatus, Probe, Tenant};
