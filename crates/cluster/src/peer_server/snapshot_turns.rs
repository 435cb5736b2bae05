//! Whose snapshot is received: one at a time.
//!
//! A transfer gives way to a new one of its own sender, who has given the first one up, and to one with
//! precedence: the leader that this node follows goes first, whoever failed by its own fault lately comes after
//! whoever did not, and then the higher term counts. So a sender that drips, or sends what is no snapshot, keeps
//! nobody out a second time, and the leader not once: whom it has removed, this node may learn by its snapshot
//! alone. With nobody else there it need not wait. Any other is refused meanwhile.

use ipam::budget::MAX_NODES;
use raft_store::Vote;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::{Code, Status};

/// How long a sender's fault counts.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Who sends the snapshot that is being received, if one is.
#[derive(Default)]
pub(crate) struct SnapshotTurns(Mutex<Underway>);

#[derive(Default)]
struct Underway {
    transfer: Option<Transfer>,
    begun: u64,
    /// When a sender's last transfer failed by its own fault.
    faults: BTreeMap<u64, Instant>,
}

struct Transfer {
    number: u64,
    term: u64,
    leader: u64,
    /// Dropped when another transfer takes its place.
    _goes_on: oneshot::Sender<()>,
}

/// The right to receive, until it is dropped or another transfer takes it.
pub(super) struct Turn<'a> {
    turns: &'a SnapshotTurns,
    number: u64,
    leader: u64,
    /// Resolves when another transfer takes the place.
    pub(super) replaced: oneshot::Receiver<()>,
}

impl SnapshotTurns {
    /// `own` is this node's own vote: it names the leader that this node follows.
    pub(super) fn begin(&self, vote: &Vote, own: &Vote) -> Result<Turn<'_>, Status> {
        let (term, leader) = (vote.leader_id.term, vote.leader_id.voted_for);
        let mut underway = self.lock();
        if let Some(current) = &underway.transfer
            && leader != current.leader
            && underway.rank(own, leader, term) <= underway.rank(own, current.leader, current.term)
        {
            return Err(Status::resource_exhausted(format!(
                "a snapshot of node {} in term {} is being received: one at a time",
                current.leader, current.term
            )));
        }
        underway.begun += 1;
        let number = underway.begun;
        let (goes_on, replaced) = oneshot::channel();
        underway.transfer = Some(Transfer {
            number,
            term,
            leader,
            _goes_on: goes_on,
        });
        Ok(Turn {
            turns: self,
            number,
            leader,
            replaced,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Underway> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Underway {
    /// The higher one has precedence.
    fn rank(&self, own: &Vote, leader: u64, term: u64) -> (bool, bool, u64) {
        let is_followed = own.committed && own.leader_id.voted_for == leader;
        let fault = self.faults.get(&leader);
        let is_trusted = fault.is_none_or(|fault| fault.elapsed() >= REMEMBERED);
        (is_followed, is_trusted, term)
    }

    fn blame(&mut self, leader: u64) {
        self.faults.retain(|_, fault| fault.elapsed() < REMEMBERED);
        if self.faults.len() >= MAX_NODES {
            // Of more than a cluster has, the oldest is forgotten.
            let oldest = self.faults.iter().min_by_key(|(_, fault)| **fault);
            if let Some(oldest) = oldest.map(|(leader, _)| *leader) {
                self.faults.remove(&oldest);
            }
        }
        self.faults.insert(leader, Instant::now());
    }
}

impl Turn<'_> {
    /// What came of the transfer.
    pub(super) fn ended<T>(&self, outcome: &Result<T, Status>) {
        let mut underway = self.turns.lock();
        match outcome {
            Ok(_) => drop(underway.faults.remove(&self.leader)),
            Err(status) if is_its_fault(status) => underway.blame(self.leader),
            Err(_) => {}
        }
    }
}

/// It was too slow, or what it sent is no snapshot. A connection that breaks is nobody's fault.
fn is_its_fault(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::DeadlineExceeded | Code::InvalidArgument | Code::OutOfRange
    )
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut underway = self.turns.lock();
        let ours = |transfer: &mut Transfer| transfer.number == self.number;
        drop(underway.transfer.take_if(ours));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use oneshot::error::TryRecvError;

    /// Of a node that follows nobody.
    fn nobody() -> Vote {
        Vote::new(0, 0)
    }

    #[test]
    fn one_transfer_at_a_time_and_a_newer_leader_takes_its_place() {
        let turns = SnapshotTurns::default();
        let mut first = turns.begin(&Vote::new_committed(5, 1), &nobody()).unwrap();
        for (term, leader) in [(4, 2), (5, 2)] {
            assert!(
                turns
                    .begin(&Vote::new_committed(term, leader), &nobody())
                    .is_err()
            );
        }
        assert!(first.replaced.try_recv() == Err(TryRecvError::Empty));
        let mut again = turns.begin(&Vote::new_committed(5, 1), &nobody()).unwrap();
        assert!(first.replaced.try_recv() == Err(TryRecvError::Closed));
        drop(first);
        let newer = turns.begin(&Vote::new_committed(6, 2), &nobody()).unwrap();
        assert!(again.replaced.try_recv() == Err(TryRecvError::Closed));
        assert!(turns.begin(&Vote::new_committed(5, 1), &nobody()).is_err());
        drop(newer);
        assert!(turns.begin(&Vote::new_committed(4, 2), &nobody()).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_failed_by_its_own_fault_keeps_nobody_out() {
        let turns = SnapshotTurns::default();
        let (liar, leader) = (Vote::new_committed(9, 1), Vote::new_committed(5, 2));
        let fail = |status| {
            let turn = turns.begin(&liar, &nobody()).unwrap();
            turn.ended::<()>(&Err(status));
        };
        for nobodys in [
            Status::aborted(""),
            Status::unknown(""),
            Status::cancelled(""),
        ] {
            fail(nobodys);
            let _liars = turns.begin(&liar, &nobody()).unwrap();
            assert!(turns.begin(&leader, &nobody()).is_err());
        }
        fail(Status::deadline_exceeded("too slow"));
        let mut liars = turns.begin(&liar, &nobody()).unwrap();
        let mut leaders = turns.begin(&leader, &nobody()).unwrap();
        assert!(liars.replaced.try_recv() == Err(TryRecvError::Closed));
        assert!(
            turns.begin(&liar, &nobody()).is_err(),
            "its term does not help it"
        );
        assert!(leaders.replaced.try_recv() == Err(TryRecvError::Empty));
        drop(leaders);
        tokio::time::advance(REMEMBERED).await;
        let _liars = turns.begin(&liar, &nobody()).unwrap();
        assert!(turns.begin(&leader, &nobody()).is_err());
    }

    /// It says that it leads a later term, which this node has not heard of, and takes its time: it would keep
    /// the leader out for as long as it likes, and this node from hearing that it was removed.
    #[test]
    fn the_leader_that_is_followed_goes_before_a_higher_term() {
        let turns = SnapshotTurns::default();
        let (liar, leader) = (Vote::new_committed(9, 1), Vote::new_committed(5, 2));
        let mut liars = turns.begin(&liar, &leader).unwrap();
        let mut leaders = turns.begin(&leader, &leader).unwrap();
        assert!(liars.replaced.try_recv() == Err(TryRecvError::Closed));
        assert!(turns.begin(&liar, &leader).is_err());
        assert!(leaders.replaced.try_recv() == Err(TryRecvError::Empty));
        // Once this node follows it, it leads.
        assert!(turns.begin(&liar, &liar).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_ends_the_blame_and_what_is_remembered_is_bounded() {
        let turns = SnapshotTurns::default();
        for leader in 1..=200 {
            let turn = turns
                .begin(&Vote::new_committed(5, leader), &nobody())
                .unwrap();
            turn.ended::<()>(&Err(Status::invalid_argument("")));
        }
        assert_eq!(turns.lock().faults.len(), MAX_NODES);
        let turn = turns
            .begin(&Vote::new_committed(5, 200), &nobody())
            .unwrap();
        turn.ended(&Ok(()));
        assert!(!turns.lock().faults.contains_key(&200));
    }
}
