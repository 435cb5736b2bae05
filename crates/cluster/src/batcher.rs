//! The batcher: what is queued becomes few log entries.
//!
//! While batches are in flight, commands gather; when one returns, all that has gathered goes out
//! as the next. So a lone command waits for nobody, and a boot storm costs a few entries and
//! fsyncs instead of one for each client. On the leader a batch is stamped and written; on any
//! other node it is forwarded to the leader, whose own batcher merges it with the others'.

use crate::node::Inner;
use crate::propose::{Origin, Proposal, ProposeError};
use api::proto::raft::{ProposeRequest, propose_response};
use ipam::{Batch, Command, NodeId, Outcome, Refusal};
use openraft::errors::ClientWriteError;
use openraft::impls::ProgressResponder;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

/// The most commands in one log entry: about 20 kB.
const MAX_BATCH_COMMANDS: usize = 256;
/// How many batches of this node are under way at once: one being written while the next is
/// replicated, and room for a slow one.
const BATCHES_IN_FLIGHT: usize = 4;
/// How long a command may take. A DHCP client retransmits after 3 to 5 s (RFC 2131 §4.1), so an
/// answer later than this helps nobody (T6).
pub(crate) const PROPOSE_DEADLINE: Duration = Duration::from_millis(2500);
/// How long to wait for news of a leader before looking again.
const LEADER_POLL: Duration = Duration::from_millis(50);

/// Runs until every [`crate::propose::Proposer`] is gone.
pub(crate) async fn run(inner: Arc<Inner>, mut queue: mpsc::Receiver<Proposal>) {
    let in_flight = Arc::new(Semaphore::new(BATCHES_IN_FLIGHT));
    loop {
        let Ok(permit) = Arc::clone(&in_flight).acquire_owned().await else {
            return;
        };
        let mut proposals = Vec::new();
        if queue.recv_many(&mut proposals, MAX_BATCH_COMMANDS).await == 0 {
            return;
        }
        let inner = Arc::clone(&inner);
        tokio::spawn(async move {
            settle(&inner, proposals).await;
            drop(permit);
        });
    }
}

/// Gets an answer for every proposal, one way or another.
async fn settle(inner: &Inner, proposals: Vec<Proposal>) {
    let deadline = Instant::now() + PROPOSE_DEADLINE;
    let (forwarded, local): (Vec<_>, Vec<_>) = proposals
        .into_iter()
        .partition(|proposal| proposal.origin == Origin::Peer);
    // What a peer forwarded must not be forwarded again; together they are one batch if we lead.
    if leads(inner) {
        settle_group(
            inner,
            forwarded.into_iter().chain(local).collect(),
            deadline,
        )
        .await;
    } else {
        tokio::join!(
            settle_group(inner, forwarded, deadline),
            settle_group(inner, local, deadline)
        );
    }
}

/// Tries until there are outcomes or the deadline has come. After an attempt whose result is
/// unknown, only commands that may be done twice are tried again; the others are told.
async fn settle_group(inner: &Inner, mut proposals: Vec<Proposal>, deadline: Instant) {
    let may_forward = proposals
        .iter()
        .all(|proposal| proposal.origin == Origin::Local);
    let mut failure = ProposeError::Unavailable("there is no leader".to_owned());
    while !proposals.is_empty() && Instant::now() < deadline {
        let commands: Vec<_> = proposals
            .iter()
            .map(|proposal| proposal.command.clone())
            .collect();
        match attempt(inner, &commands, may_forward, deadline).await {
            Attempt::Settled(outcomes) => return answer(proposals, outcomes),
            Attempt::NotDone(reason) => {
                if !matches!(failure, ProposeError::Unknown(_)) {
                    failure = ProposeError::Unavailable(reason);
                }
            }
            Attempt::Unknown(reason) => {
                failure = ProposeError::Unknown(reason);
                let (again, never) = proposals
                    .into_iter()
                    .partition(|proposal| is_repeatable(&proposal.command));
                give_up(never, &failure);
                proposals = again;
            }
        }
        inner.wait_for_leader_change(LEADER_POLL).await;
    }
    give_up(proposals, &failure);
}

fn answer(proposals: Vec<Proposal>, outcomes: Vec<Outcome>) {
    for (proposal, outcome) in proposals.into_iter().zip(outcomes) {
        // The asker may have gone; the command is committed all the same.
        drop(proposal.reply.send(Ok(outcome)));
    }
}

fn give_up(proposals: Vec<Proposal>, failure: &ProposeError) {
    for proposal in proposals {
        drop(proposal.reply.send(Err(failure.clone())));
    }
}

/// One attempt's result.
enum Attempt {
    Settled(Vec<Outcome>),
    /// Certainly not done, and worth trying again.
    NotDone(String),
    /// May or may not have been done.
    Unknown(String),
}

async fn attempt(
    inner: &Inner,
    commands: &[Command],
    may_forward: bool,
    deadline: Instant,
) -> Attempt {
    match inner.leader() {
        Some((leader, _)) if leader == inner.config.node => write(inner, commands, deadline).await,
        Some((leader, address)) if may_forward => {
            forward(inner, leader, &address, commands, deadline).await
        }
        Some((leader, _)) => Attempt::NotDone(format!("node {leader} is the leader")),
        None => Attempt::NotDone("there is no leader".to_owned()),
    }
}

/// Stamps the batch and writes it, on the condition that this node still leads the term of the
/// stamp when the entry is appended.
async fn write(inner: &Inner, commands: &[Command], deadline: Instant) -> Attempt {
    let Some(term) = inner.leading_term() else {
        return Attempt::NotDone("this node has just lost the leadership".to_owned());
    };
    let Some(stamp) = inner.clock.stamp(term) else {
        return Attempt::NotDone(
            "this node has not applied an entry of its own term yet".to_owned(),
        );
    };
    let batch = Batch {
        stamp: Some(stamp),
        commands: commands.to_vec(),
    };
    let (responder, result) = ProgressResponder::complete_only();
    let request = inner
        .raft
        .write(raft_store::Proposal::new(batch))
        .responder(responder);
    if let Err(error) = request.with_leader(term).await {
        return Attempt::NotDone(format!("Raft has stopped: {error}"));
    }
    match timeout_at(deadline, result).await {
        Ok(Ok(Ok(response))) => settled(response.data.0),
        // Refused before it was appended, unlike `LogEntryDiscarded`.
        Ok(Ok(Err(ClientWriteError::ForwardToLeader(_)))) => {
            Attempt::NotDone("this node has just lost the leadership".to_owned())
        }
        Ok(Ok(Err(error))) => Attempt::Unknown(format!("the write was not confirmed: {error}")),
        Ok(Err(_)) => Attempt::Unknown("Raft dropped the write".to_owned()),
        Err(_) => Attempt::Unknown("no quorum confirmed it in time".to_owned()),
    }
}

/// A batch whose stamp was not of the entry's term changed nothing.
fn settled(outcomes: Vec<Outcome>) -> Attempt {
    if outcomes.contains(&Outcome::Refused(Refusal::Unstamped)) {
        return Attempt::NotDone("the leadership changed while the batch was appended".to_owned());
    }
    Attempt::Settled(outcomes)
}

async fn forward(
    inner: &Inner,
    leader: NodeId,
    address: &str,
    commands: &[Command],
    deadline: Instant,
) -> Attempt {
    let mut client = match inner.peers.connect(leader, address) {
        Ok(client) => client,
        Err(error) => return Attempt::NotDone(format!("node {leader}'s address: {error}")),
    };
    let request = ProposeRequest {
        commands: commands.iter().map(Into::into).collect(),
        route: Some(inner.route_to(leader)),
    };
    let response = match timeout_at(deadline, client.propose(request)).await {
        Ok(Ok(response)) => response.into_inner(),
        Ok(Err(status)) => return Attempt::Unknown(format!("node {leader}: {}", status.message())),
        Err(_) => return Attempt::Unknown(format!("node {leader} did not answer in time")),
    };
    match response.result {
        Some(propose_response::Result::Outcomes(outcomes)) => {
            decode(leader, outcomes.outcomes, commands.len())
        }
        Some(propose_response::Result::NotLeader(_)) => {
            Attempt::NotDone(format!("node {leader} is no longer the leader"))
        }
        None => Attempt::Unknown(format!("node {leader}'s answer is empty")),
    }
}

fn decode(leader: NodeId, outcomes: Vec<api::proto::command::Outcome>, expected: usize) -> Attempt {
    let outcomes: Result<Vec<Outcome>, _> = outcomes.into_iter().map(Outcome::try_from).collect();
    match outcomes {
        Ok(outcomes) if outcomes.len() == expected => settled(outcomes),
        Ok(outcomes) => Attempt::Unknown(format!(
            "node {leader} answered {} of {expected} commands",
            outcomes.len()
        )),
        Err(error) => Attempt::Unknown(format!("node {leader}'s answer: {error}")),
    }
}

/// Whether a command may be committed twice for one asking without anybody being worse off. An
/// address offered or granted twice to the client that asked is the same address, stamped later
/// (S3, T4). A release or a reservation is not: in between, the world may have moved on.
const fn is_repeatable(command: &Command) -> bool {
    matches!(
        command,
        Command::OfferLease(_) | Command::GrantLease(_) | Command::RegisterNode(_) | Command::Tick
    )
}

fn leads(inner: &Inner) -> bool {
    inner.leading_term().is_some()
}
