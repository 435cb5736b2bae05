//! Proposing: a command goes in, its committed outcome comes out, or it is unknown what came of it.
//!
//! * **What flows in and out.** In: commands of this node and those that peers forward. Out: outcomes. A command
//!   waits in the [`queue`](Proposer), is put into a batch ([`gathering`]), and that is tried until there is an
//!   answer or its deadline has come ([`batcher`]): written here by a leader, else forwarded to it.
//! * **Cancel safety.** Dropping a proposal abandons the answer, not the command.

mod attempt;
mod batcher;
mod commits;
mod forward;
pub(crate) mod forward_rules;
mod gathering;
mod leader_write;
mod queue;
mod request_ids;
mod trace;

pub(crate) use attempt::Committer;
pub(crate) use batcher::run;
pub(crate) use commits::Commits;
pub(crate) use forward::Forwarder;
pub(crate) use leader_write::LeaderWrite;
pub(crate) use queue::{Committed, Origin, PROPOSE_DEADLINE, Proposal, Proposer};
#[cfg(test)]
pub(crate) use queue::{QUEUE_BYTES, QUEUE_COMMANDS};
pub(crate) use request_ids::RequestIds;

use ipam::{Command, Outcome};

/// Why there is no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// The command was not proposed. It will not commit later.
    #[error("the command was not proposed: {0}")]
    Unavailable(String),
    /// The command may or may not commit (house rule 5).
    #[error("it is unknown what came of the command: {0}")]
    Unknown(String),
}

/// Who has commands committed.
#[tonic::async_trait]
pub(crate) trait Propose: Send + Sync + 'static {
    /// Proposes a command of this node's own, as a request of its own, and waits until it is committed and applied here, or its deadline
    /// has come.
    async fn propose(&self, command: Command) -> Result<Outcome, ProposeError>;
}
