//! Proposing: a command goes in, its committed outcome comes out, or it is unknown what came of it.

use ipam::{Command, Outcome};
use tokio::sync::{mpsc, oneshot};

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
    pub(crate) reply: oneshot::Sender<Result<Outcome, ProposeError>>,
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

    /// Queues a command and waits for its outcome. The batcher answers every proposal within its
    /// deadline, so this needs none of its own.
    pub(crate) async fn propose(
        &self,
        command: Command,
        origin: Origin,
    ) -> Result<Outcome, ProposeError> {
        let (reply, outcome) = oneshot::channel();
        self.queue
            .try_send(Proposal {
                command,
                origin,
                reply,
            })
            .map_err(|error| {
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
