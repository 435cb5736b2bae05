//! The batcher: what is queued becomes few log entries.
//!
//! While batches are in flight, commands gather; when one returns, all that has gathered goes out
//! as the next. So a lone command waits for nobody, and a boot storm costs a few entries and
//! fsyncs instead of one for each client. On the leader a batch is stamped and written; on any
//! other node it is forwarded to the leader, whose own batcher merges it with the others'.

use crate::forwarded;
use crate::gathering::Gathering;
use crate::node::Inner;
use crate::propose::{Committed, Origin, Proposal, ProposeError};
use api::proto::raft::{ProposeRequest, propose_response};
use ipam::{Batch, Command, NodeId, Outcome, Refusal};
use openraft::errors::ClientWriteError;
use openraft::impls::ProgressResponder;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};

/// How many batches of this node are under way at once: one being written while the next is
/// replicated, and room for a slow one.
const BATCHES_IN_FLIGHT: usize = 4;
/// How long to wait for news of a leader before looking again.
const LEADER_POLL: Duration = Duration::from_millis(50);

/// Runs until every [`crate::propose::Proposer`] is gone.
pub(crate) async fn run(inner: Arc<Inner>, queue: mpsc::Receiver<Proposal>) {
    let mut gathering = Gathering::new(queue);
    let in_flight = Arc::new(Semaphore::new(BATCHES_IN_FLIGHT));
    loop {
        let Ok(permit) = Arc::clone(&in_flight).acquire_owned().await else {
            return;
        };
        let Some(proposals) = gathering.next_batch().await else {
            return;
        };
        let inner = Arc::clone(&inner);
        tokio::spawn(async move {
            settle(&inner, proposals).await;
            drop(permit);
        });
    }
}

/// Gets an answer for every proposal, one way or another. After an attempt whose result is unknown,
/// only commands that may be done twice are tried again; the others are told.
async fn settle(inner: &Inner, mut proposals: Vec<Proposal>) {
    let mut failure = ProposeError::Unavailable("it waited too long for its turn".to_owned());
    loop {
        let now = Instant::now();
        give_up(&mut proposals, &failure, |proposal| {
            proposal.deadline <= now
        });
        hand_back(inner, &mut proposals, &failure);
        keep_to_the_leader(inner, &mut proposals);
        let Some(deadline) = proposals.iter().map(|proposal| proposal.deadline).max() else {
            return;
        };
        let commands: Vec<_> = proposals
            .iter()
            .map(|proposal| proposal.command.clone())
            .collect();
        match attempt(inner, &commands, deadline).await {
            Attempt::Settled { outcomes, index } => return answer(proposals, outcomes, index),
            Attempt::NotDone(reason) => {
                if !matches!(failure, ProposeError::Unknown(_)) {
                    failure = ProposeError::Unavailable(reason);
                }
            }
            Attempt::Unknown(reason) => {
                failure = ProposeError::Unknown(reason);
                give_up(&mut proposals, &failure, |proposal| {
                    !is_repeatable(&proposal.command)
                });
            }
        }
        inner.wait_for_leader_change(LEADER_POLL).await;
    }
}

/// What a peer forwarded is not forwarded again: it is told at once that another node leads now, or,
/// if an earlier attempt may have done it, that.
fn hand_back(inner: &Inner, proposals: &mut Vec<Proposal>, failure: &ProposeError) {
    let Some((leader, _)) = inner
        .leader()
        .filter(|(leader, _)| *leader != inner.config.node)
    else {
        return;
    };
    let answer = handed_back(leader, failure);
    give_up(proposals, &answer, |proposal| {
        proposal.origin == Origin::Peer
    });
}

/// What only a leader proposes is not worth forwarding, and whatever is in the same request would be
/// refused with it.
fn keep_to_the_leader(inner: &Inner, proposals: &mut Vec<Proposal>) {
    let leader = inner.leader().map(|(leader, _)| leader);
    if leader.is_none_or(|leader| leader == inner.config.node) {
        return;
    }
    let failure = ProposeError::Unavailable("only the leader itself proposes this".to_owned());
    let here = inner.config.node;
    give_up(proposals, &failure, |proposal| {
        forwarded::refusal(&proposal.command, here).is_some()
    });
}

/// "Not done" would be wrong of what may have been done.
fn handed_back(leader: NodeId, failure: &ProposeError) -> ProposeError {
    match failure {
        ProposeError::Unknown(_) => failure.clone(),
        ProposeError::Unavailable(_) => {
            ProposeError::Unavailable(format!("node {leader} is the leader"))
        }
    }
}

fn answer(proposals: Vec<Proposal>, outcomes: Vec<Outcome>, index: u64) {
    for (proposal, outcome) in proposals.into_iter().zip(outcomes) {
        // The asker may have gone; the command is committed all the same.
        drop(proposal.reply.send(Ok(Committed { outcome, index })));
    }
}

/// Answers those that `which` names, and keeps the others.
fn give_up(
    proposals: &mut Vec<Proposal>,
    failure: &ProposeError,
    which: impl Fn(&Proposal) -> bool,
) {
    for proposal in proposals.extract_if(.., |proposal| which(proposal)) {
        drop(proposal.reply.send(Err(failure.clone())));
    }
}

/// One attempt's result.
enum Attempt {
    /// Committed and applied here, in the entry at `index`.
    Settled { outcomes: Vec<Outcome>, index: u64 },
    /// Certainly not done, and worth trying again.
    NotDone(String),
    /// May or may not have been done.
    Unknown(String),
}

async fn attempt(inner: &Inner, commands: &[Command], deadline: Instant) -> Attempt {
    match inner.leader() {
        Some((leader, _)) if leader == inner.config.node => write(inner, commands, deadline).await,
        Some((leader, address)) => forward(inner, leader, &address, commands, deadline).await,
        None => Attempt::NotDone("there is no leader".to_owned()),
    }
}

/// Stamps the batch and writes it, on the condition that this node still leads the term of the
/// stamp when the entry is appended.
async fn write(inner: &Inner, commands: &[Command], deadline: Instant) -> Attempt {
    let Some(term) = inner.leading_term() else {
        return Attempt::NotDone("this node has just lost the leadership".to_owned());
    };
    if !inner.notes.gate.is_level() {
        return Attempt::NotDone("this node's log lacks what it had acknowledged".to_owned());
    }
    if inner.outvoted.load(Ordering::Relaxed) {
        return Attempt::NotDone("this node's state differs from its peers'".to_owned());
    }
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
    let raft = inner.raft();
    let request = raft
        .write(raft_store::Proposal::new(batch))
        .responder(responder);
    if let Err(error) = request.with_leader(term).await {
        return Attempt::NotDone(format!("Raft has stopped: {error}"));
    }
    match timeout_at(deadline, result).await {
        Ok(Ok(Ok(response))) => settled(response.data.0, response.log_id.index),
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
fn settled(outcomes: Vec<Outcome>, index: u64) -> Attempt {
    if outcomes.contains(&Outcome::Refused(Refusal::Unstamped)) {
        return Attempt::NotDone("the leadership changed while the batch was appended".to_owned());
    }
    Attempt::Settled { outcomes, index }
}

/// Has the leader do it, and waits until this node has applied the entry as well: what it says to
/// a client is then also what it knows.
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
    let remaining = deadline.saturating_duration_since(Instant::now());
    let request = ProposeRequest {
        commands: commands.iter().map(Into::into).collect(),
        timeout_millis: u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX),
        route: Some(inner.route_to(leader)),
    };
    let answer = tokio::select! {
        answer = timeout_at(deadline, client.propose(request)) => answer,
        () = inner.leadership_ends(leader) => {
            return Attempt::Unknown(format!("node {leader} lost the leadership meanwhile"));
        }
    };
    let response = match answer {
        Ok(Ok(response)) => response.into_inner(),
        Ok(Err(status)) => return refused(leader, &status),
        Err(_) => return Attempt::Unknown(format!("node {leader} did not answer in time")),
    };
    let attempt = match response.result {
        Some(propose_response::Result::Outcomes(outcomes)) => {
            decode(leader, outcomes, commands.len())
        }
        Some(propose_response::Result::NotLeader(_)) => {
            Attempt::NotDone(format!("node {leader} is no longer the leader"))
        }
        None => Attempt::Unknown(format!("node {leader}'s answer is empty")),
    };
    applied_here(inner, attempt, deadline).await
}

/// What a node refuses to look at is certainly not done; anything else may be.
fn refused(leader: NodeId, status: &Status) -> Attempt {
    let reason = format!("node {leader}: {}", status.message());
    match status.code() {
        Code::FailedPrecondition | Code::InvalidArgument | Code::PermissionDenied => {
            Attempt::NotDone(reason)
        }
        _ => Attempt::Unknown(reason),
    }
}

async fn applied_here(inner: &Inner, attempt: Attempt, deadline: Instant) -> Attempt {
    let Attempt::Settled { index, .. } = attempt else {
        return attempt;
    };
    match timeout_at(deadline, inner.reader.applied(index)).await {
        Ok(Ok(())) => attempt,
        Ok(Err(error)) => Attempt::Unknown(error.to_string()),
        Err(_) => Attempt::Unknown(format!("entry {index} was not applied here in time")),
    }
}

fn decode(leader: NodeId, answer: propose_response::Outcomes, expected: usize) -> Attempt {
    let index = answer.index;
    let outcomes: Result<Vec<Outcome>, _> =
        answer.outcomes.into_iter().map(Outcome::try_from).collect();
    match outcomes {
        Ok(outcomes) if outcomes.len() == expected => settled(outcomes, index),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_is_not_handed_back_as_not_done() {
        let unknown = ProposeError::Unknown("no quorum confirmed it in time".to_owned());
        assert_eq!(handed_back(NodeId(2), &unknown), unknown);
        let not_done = ProposeError::Unavailable("there is no leader".to_owned());
        let told = handed_back(NodeId(2), &not_done);
        let expected = ProposeError::Unavailable("node 2 is the leader".to_owned());
        assert_eq!(told, expected);
    }
}
