//! Proposing: a command goes in, its committed outcome comes out, or it is unknown what came of it.

use ipam::{Command, Outcome};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// How long a command may take, counted from when it was asked for. A DHCP client retransmits after
/// 3 to 5 s (RFC 2131 §4.1), so an answer later than this helps nobody (T6), and what was asked for
/// so long ago should not be done any more.
pub(crate) const PROPOSE_DEADLINE: Duration = Duration::from_millis(2500);

/// How many commands may wait for a place in a batch. Past that, new ones are refused at once: a
/// client that is not answered retries, and by then the queue has moved.
pub(crate) const QUEUE_COMMANDS: usize = 8192;

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

/// A command on its way into a batch.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) command: Command,
    pub(crate) origin: Origin,
    /// After this it is not tried again.
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Result<Committed, ProposeError>>,
}

/// What came of a command, and the index of the entry that it was in.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) outcome: Outcome,
    pub(crate) index: u64,
}

/// Where a proposal comes from. One that a peer forwarded is not forwarded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Local,
    Peer,
}

/// The entrance to the batcher's queue.
#[derive(Clone, Debug)]
pub(crate) struct Proposer {
    queue: mpsc::Sender<Proposal>,
}

impl Proposer {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Proposal>) {
        let (queue, proposals) = mpsc::channel(QUEUE_COMMANDS);
        (Self { queue }, proposals)
    }

    /// Proposes a command of this node's own.
    pub(crate) async fn propose(&self, command: Command) -> Result<Outcome, ProposeError> {
        let committed = self.queue(command, Origin::Local, PROPOSE_DEADLINE).await?;
        Ok(committed.outcome)
    }

    /// Queues a command and waits for its outcome. The batcher answers every proposal by its
    /// deadline, `within` from now, so this needs none of its own.
    pub(crate) async fn queue(
        &self,
        command: Command,
        origin: Origin,
        within: Duration,
    ) -> Result<Committed, ProposeError> {
        let (reply, outcome) = oneshot::channel();
        let deadline = Instant::now() + within.min(PROPOSE_DEADLINE);
        let proposal = Proposal {
            command,
            origin,
            deadline,
            reply,
        };
        self.queue.try_send(proposal).map_err(|error| {
            ProposeError::Unavailable(match error {
                mpsc::error::TrySendError::Full(_) => {
                    format!("{QUEUE_COMMANDS} commands are waiting already")
                }
                mpsc::error::TrySendError::Closed(_) => "the node is stopping".to_owned(),
            })
        })?;
        outcome.await.unwrap_or_else(|_| {
            Err(ProposeError::Unknown(
                "the node stopped meanwhile".to_owned(),
            ))
        })
    }
}
