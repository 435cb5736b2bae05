//! The batcher: what is queued becomes few log entries.
//!
//! While batches are in flight, commands gather; when one returns, all that has gathered goes out
//! as the next. So a lone command waits for nobody, and a boot storm costs a few entries and
//! fsyncs instead of one for each client. On the leader a batch is stamped and written; on any
//! other node it is forwarded to the leader, whose own batcher merges it with the others'.

use super::attempt::{Attempt, Attempts};
use super::gathering::Gathering;
use super::queue::{Committed, Origin, Proposal};
use super::{ProposeError, forward_rules, trace};
use ipam::{ClusterCommand, Command, LeaseCommand, NodeId, Outcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

/// How many batches of this node are under way at once: one being written while the next is
/// replicated, and room for a slow one.
const BATCHES_IN_FLIGHT: usize = 4;
/// How long to wait for news of a leader before looking again.
const LEADER_POLL: Duration = Duration::from_millis(50);

/// Runs until every [`crate::propose::Proposer`] is gone.
pub(crate) async fn run<A: Attempts>(
    here: NodeId,
    attempts: Arc<A>,
    queue: mpsc::Receiver<Proposal>,
) {
    let mut gathering = Gathering::new(queue);
    let in_flight = Arc::new(Semaphore::new(BATCHES_IN_FLIGHT));
    loop {
        let Ok(permit) = Arc::clone(&in_flight).acquire_owned().await else {
            return;
        };
        let Some(proposals) = gathering.next_batch().await else {
            return;
        };
        let attempts = Arc::clone(&attempts);
        tokio::spawn(async move {
            commit_with_retry(here, &*attempts, proposals).await;
            drop(permit);
        });
    }
}

/// Gets an answer for every proposal, one way or another. After an attempt whose result is unknown,
/// only commands that may be done twice are tried again; the others are told.
async fn commit_with_retry<A: Attempts>(here: NodeId, attempts: &A, mut proposals: Vec<Proposal>) {
    let mut failure = ProposeError::Unavailable("it waited too long for its turn".to_owned());
    loop {
        let now = Instant::now();
        give_up(&mut proposals, &failure, |proposal| {
            proposal.deadline <= now
        });
        if let Some(leader) = attempts.leader().filter(|leader| *leader != here) {
            hand_back(leader, &mut proposals, &failure);
            keep_to_the_leader(here, leader, &mut proposals, &failure);
        }
        let Some(deadline) = proposals.iter().map(|proposal| proposal.deadline).max() else {
            return;
        };
        let commands: Vec<_> = proposals
            .iter()
            .map(|proposal| proposal.command.clone())
            .collect();
        match attempts.attempt(&commands, deadline).await {
            Attempt::Settled { outcomes, index } => return answer(proposals, outcomes, index),
            Attempt::NotDone(reason) => {
                trace::each(&commands, || tracing::debug!(reason, "not done"));
                if !matches!(failure, ProposeError::Unknown(_)) {
                    failure = ProposeError::Unavailable(reason);
                }
            }
            Attempt::Unknown(reason) => {
                trace::each(&commands, || tracing::debug!(reason, "unknown"));
                failure = ProposeError::Unknown(reason);
                give_up(&mut proposals, &failure, |proposal| {
                    !is_repeatable(&proposal.command.command)
                });
            }
        }
        attempts.leader_changes(LEADER_POLL).await;
    }
}

/// What a peer forwarded is not forwarded again: it is told at once that another node leads now, or,
/// if an earlier attempt may have done it, that.
fn hand_back(leader: NodeId, proposals: &mut Vec<Proposal>, failure: &ProposeError) {
    let answer = handed_back(leader, failure);
    give_up(proposals, &answer, |proposal| {
        matches!(proposal.origin, Origin::Peer(_))
    });
}

/// What only a leader proposes is not worth forwarding, and whatever is in the same request would be
/// refused with it.
fn keep_to_the_leader(
    here: NodeId,
    leader: NodeId,
    proposals: &mut Vec<Proposal>,
    failure: &ProposeError,
) {
    let answer = match failure {
        ProposeError::Unknown(_) => failure.clone(),
        ProposeError::Unavailable(_) => ProposeError::Unavailable(format!(
            "only the leader itself proposes this: ask node {leader}"
        )),
    };
    give_up(proposals, &answer, |proposal| {
        forward_rules::refusal(&proposal.command.command, here).is_some()
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

/// Whether a command may be committed twice for one asking without anybody being worse off. An
/// address offered or granted twice to the client that asked is the same address, stamped later
/// (S3, T4). A release or a reservation is not: in between, the world may have moved on.
const fn is_repeatable(command: &Command) -> bool {
    matches!(
        command,
        Command::Lease(LeaseCommand::Offer(_) | LeaseCommand::Grant(_))
            | Command::Cluster(ClusterCommand::RegisterNode(_) | ClusterCommand::Tick)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::lock;
    use crate::propose::{Proposer, RequestIds};
    use ipam::{RequestId, RequestedCommand};

    #[test]
    fn what_may_have_been_done_is_not_handed_back_as_not_done() {
        let unknown = ProposeError::Unknown("no quorum confirmed it in time".to_owned());
        assert_eq!(handed_back(NodeId(2), &unknown), unknown);
        let not_done = ProposeError::Unavailable("there is no leader".to_owned());
        let told = handed_back(NodeId(2), &not_done);
        let expected = ProposeError::Unavailable("node 2 is the leader".to_owned());
        assert_eq!(told, expected);
    }

    const HERE: NodeId = NodeId(1);
    const LONG: Duration = Duration::from_secs(2);

    /// Answers attempts as it is told, one after the other, and remembers how often it was asked.
    struct Script {
        leader: NodeId,
        attempts: std::sync::Mutex<Vec<Attempt>>,
        asked: std::sync::Mutex<Vec<usize>>,
    }

    #[tonic::async_trait]
    impl Attempts for Script {
        fn leader(&self) -> Option<NodeId> {
            Some(self.leader)
        }

        async fn attempt(&self, commands: &[RequestedCommand], _: Instant) -> Attempt {
            lock(&self.asked).push(commands.len());
            lock(&self.attempts).remove(0)
        }

        async fn leader_changes(&self, _: Duration) {}
    }

    fn script(leader: NodeId, attempts: &[Attempt]) -> Arc<Script> {
        Arc::new(Script {
            leader,
            attempts: std::sync::Mutex::new(attempts.to_vec()),
            asked: std::sync::Mutex::default(),
        })
    }

    /// What the command of this origin is told, and how often it was attempted.
    async fn told(
        command: Command,
        origin: Origin,
        script: &Arc<Script>,
    ) -> (Result<u64, ProposeError>, usize) {
        let (proposer, queue) = Proposer::new(RequestIds::from(1));
        let running = tokio::spawn(run(HERE, Arc::clone(script), queue));
        let told = proposer.queue(command.of(RequestId(1)), origin, LONG).await;
        running.abort();
        (
            told.map(|committed| committed.index),
            lock(&script.asked).len(),
        )
    }

    fn unknown() -> Attempt {
        Attempt::Unknown("no quorum confirmed it in time".to_owned())
    }

    fn done() -> Attempt {
        Attempt::Settled {
            outcomes: vec![Outcome::Done],
            index: 7,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn repeatable_command_of_unknown_fate_is_tried_again() {
        let script = script(HERE, &[unknown(), done()]);
        assert_eq!(
            told(Command::TICK, Origin::Local, &script).await,
            (Ok(7), 2)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn other_command_of_unknown_fate_is_told_so() {
        let script = script(HERE, &[unknown(), done()]);
        let remove = Command::from(ClusterCommand::RemoveNode(NodeId(3)));
        let (told, asked) = told(remove, Origin::Local, &script).await;
        assert!(matches!(told, Err(ProposeError::Unknown(_))), "{told:?}");
        assert_eq!(asked, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn command_not_done_is_tried_again_whatever_it_is() {
        let not_done = Attempt::NotDone("there is no leader".to_owned());
        let script = script(HERE, &[not_done, done()]);
        let remove = Command::from(ClusterCommand::RemoveNode(NodeId(3)));
        assert_eq!(told(remove, Origin::Local, &script).await, (Ok(7), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn command_of_a_peer_is_not_forwarded_again() {
        let script = script(NodeId(2), &[]);
        let (told, asked) = told(Command::TICK, Origin::Peer(NodeId(3)), &script).await;
        let expected = ProposeError::Unavailable("node 2 is the leader".to_owned());
        assert_eq!((told, asked), (Err(expected), 0));
    }
}
