//! The queue of commands that wait for a place in a batch, and its entrance.

use super::commits::Commits;
use super::request_ids::RequestIds;
use super::{Propose, ProposeError, forward_rules, trace};
use crate::clock::CommitTick;
use ipam::{Command, NodeId, Outcome, RequestId, RequestedCommand};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

/// How long a command may take, counted from when it was asked for. A DHCP client retransmits after
/// 3 to 5 s (RFC 2131 §4.1), so an answer later than this helps nobody (T6), and what was asked for
/// so long ago should not be done any more.
pub(crate) const PROPOSE_DEADLINE: Duration = Duration::from_millis(2500);

/// How many commands may wait for a place in a batch. Past that, new ones are refused at once: a
/// client that is not answered retries, and by then the queue has moved.
pub(crate) const QUEUE_COMMANDS: usize = 8192;
/// How many bytes of commands may wait or be under way.
pub(crate) const QUEUE_BYTES: usize = 16 * 1024 * 1024;

/// A command on its way into a batch.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) command: RequestedCommand,
    pub(crate) origin: Origin,
    /// After this it is not tried again.
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Result<Committed, ProposeError>>,
    /// Its part of [`QUEUE_BYTES`], until it is answered.
    room: OwnedSemaphorePermit,
}

impl Proposal {
    /// How large the command and its request id are, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.room.num_permits()
    }
}

/// What came of a command, and the index of the entry that it was in; 0 if it was refused without
/// one.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) outcome: Outcome,
    pub(crate) index: u64,
}

/// Where a proposal comes from. One that a peer forwarded is not forwarded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Local,
    /// Of this one.
    Peer(NodeId),
}

/// The entrance to the batcher's queue.
#[derive(Clone, Debug)]
pub(crate) struct Proposer {
    queue: mpsc::Sender<Proposal>,
    room: Arc<Semaphore>,
    /// What waits, and what came back.
    pub(crate) commits: Commits,
    /// The ids of this node's own requests.
    pub(crate) requests: RequestIds,
}

impl Proposer {
    pub(crate) fn new(requests: RequestIds) -> (Self, mpsc::Receiver<Proposal>) {
        let (queue, proposals) = mpsc::channel(QUEUE_COMMANDS);
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        let commits = Commits::default();
        let proposer = Self {
            queue,
            room,
            commits,
            requests,
        };
        (proposer, proposals)
    }

    /// Queues a command and waits for its outcome. The batcher answers every proposal by its
    /// deadline, `within` from now, so this needs none of its own. A command that is too large is
    /// refused at once, as `apply` would refuse it.
    pub(crate) async fn queue(
        &self,
        command: RequestedCommand,
        origin: Origin,
        within: Duration,
    ) -> Result<Committed, ProposeError> {
        let span = trace::span(command.request);
        span.in_scope(|| {
            // In the macro, so that the name is made only if somebody listens.
            let command = &command.command;
            match origin {
                Origin::Local => {
                    tracing::debug!(command = %forward_rules::name(command), "proposed");
                }
                Origin::Peer(node) => {
                    tracing::debug!(command = %forward_rules::name(command), %node, "received");
                }
            }
        });
        let committed = self.enqueue(command, origin, within).await;
        span.in_scope(|| match &committed {
            Ok(Committed { outcome, index: 0 }) => tracing::debug!(%outcome, "not proposed"),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "no outcome"),
        });
        committed
    }

    async fn enqueue(
        &self,
        command: RequestedCommand,
        origin: Origin,
        within: Duration,
    ) -> Result<Committed, ProposeError> {
        if let Err(over) = command.command.check_budget() {
            let (outcome, index) = (Outcome::refused(over), 0);
            return Ok(Committed { outcome, index });
        }
        let waiting = self.commits.wait();
        let (reply, outcome) = oneshot::channel();
        let room = self.room_for(&command)?;
        let deadline = Instant::now() + within.min(PROPOSE_DEADLINE);
        let proposal = Proposal {
            command,
            origin,
            deadline,
            reply,
            room,
        };
        self.queue.try_send(proposal).map_err(|error| {
            ProposeError::Unavailable(match error {
                mpsc::error::TrySendError::Full(_) => {
                    format!("{QUEUE_COMMANDS} commands are waiting already")
                }
                mpsc::error::TrySendError::Closed(_) => "the node is stopping".to_owned(),
            })
        })?;
        let outcome = outcome.await.unwrap_or_else(|_| {
            Err(ProposeError::Unknown(
                "the node stopped meanwhile".to_owned(),
            ))
        });
        if outcome.is_ok() {
            waiting.settled();
        }
        outcome
    }

    /// The same for a command of this node's own, as a part of `request`.
    pub(crate) async fn propose_for(
        &self,
        request: RequestId,
        command: Command,
    ) -> Result<Outcome, ProposeError> {
        let command = command.of(request);
        let committed = self.queue(command, Origin::Local, PROPOSE_DEADLINE).await?;
        Ok(committed.outcome)
    }

    fn room_for(&self, command: &RequestedCommand) -> Result<OwnedSemaphorePermit, ProposeError> {
        let bytes = u32::try_from(command.size_bound()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(bytes);
        room.map_err(|_| {
            let full = format!("{QUEUE_BYTES} bytes of commands are waiting already");
            ProposeError::Unavailable(full)
        })
    }
}

#[tonic::async_trait]
impl Propose for Proposer {
    async fn propose(&self, command: Command) -> Result<Outcome, ProposeError> {
        self.propose_for(self.requests.next(), command).await
    }
}

#[tonic::async_trait]
impl CommitTick for Proposer {
    async fn commit_tick(&self) -> Result<(), String> {
        let committed = self.propose(Command::TICK).await;
        committed.map(drop).map_err(|error| error.to_string())
    }
}
