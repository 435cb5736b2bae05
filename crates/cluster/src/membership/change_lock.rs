//! Whose turn it is to change the members: one change at a time, operators before newcomers.
//!
//! Whoever reaches the peer port may ask to join, and each such change may take as long as a newcomer
//! has to catch up. An operator's change goes before all that wait (S12), and a newcomer that is
//! catching up gives way to it: it asks again.
//!
//! * **Bounds.** [`MAX_JOINS`] newcomers, and one call of each; more are refused, and may ask again.
//! * **Cancel safety.** Whoever goes away while it waits leaves the queue.

use super::error::MembershipError;
use crate::lock::lock;
use ipam::NodeId;
use std::collections::BTreeSet;
use tokio::sync::{Mutex, MutexGuard, watch};

/// So many newcomers are added or wait for it.
pub(crate) const MAX_JOINS: usize = 8;

/// Who changes the members, and who waits.
#[derive(Debug, Default)]
pub(crate) struct ChangeLock {
    /// Held while the membership changes: Raft takes one change at a time.
    one: Mutex<()>,
    /// Held by the newcomer whose turn is next, so that one of them at most waits beside operators.
    next_join: Mutex<()>,
    joining: std::sync::Mutex<BTreeSet<NodeId>>,
    /// How many operators wait.
    operators: watch::Sender<usize>,
}

/// Until it is dropped nobody else changes the members.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    // In this order they are given back: whoever waits for the first is served before the next newcomer.
    _one: MutexGuard<'a, ()>,
    join: Option<(MutexGuard<'a, ()>, Place<'a>)>,
}

/// A newcomer's place in the queue.
#[derive(Debug)]
struct Place<'a> {
    turns: &'a ChangeLock,
    node: NodeId,
}

/// An operator that waits.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl ChangeLock {
    /// An operator's turn.
    pub(crate) async fn operators(&self) -> Turn<'_> {
        let waiting = Waiting::new(&self.operators);
        let turn = self.members().await;
        drop(waiting);
        turn
    }

    /// The turn of a member that keeps its record in order, or of a leader that ends what another began.
    pub(crate) async fn members(&self) -> Turn<'_> {
        Turn {
            _one: self.one.lock().await,
            join: None,
        }
    }

    /// The turn of a newcomer.
    pub(crate) async fn newcomers(&self, node: NodeId) -> Result<Turn<'_>, MembershipError> {
        let place = self.place(node)?;
        let next = self.next_join.lock().await;
        let mut operators = self.operators.subscribe();
        loop {
            let one = self.one.lock().await;
            if *operators.borrow_and_update() == 0 {
                return Ok(Turn {
                    _one: one,
                    join: Some((next, place)),
                });
            }
            drop(one);
            none_waits(&mut operators).await;
        }
    }

    fn place(&self, node: NodeId) -> Result<Place<'_>, MembershipError> {
        let mut joining = lock(&self.joining);
        if joining.len() >= MAX_JOINS {
            return Err(MembershipError::NotDone(format!(
                "{MAX_JOINS} other nodes are joining: ask again"
            )));
        }
        if !joining.insert(node) {
            return Err(MembershipError::NotDone(format!(
                "node {node} is joining already: ask again"
            )));
        }
        Ok(Place { turns: self, node })
    }

    /// Returns when an operator waits for this turn, if it is a newcomer's.
    pub(crate) async fn is_wanted(&self, turn: &Turn<'_>) {
        if turn.join.is_none() {
            return std::future::pending().await;
        }
        let mut operators = self.operators.subscribe();
        while *operators.borrow_and_update() == 0 {
            if operators.changed().await.is_err() {
                // Its sender lives as long as this.
                return std::future::pending().await;
            }
        }
    }
}

async fn none_waits(operators: &mut watch::Receiver<usize>) {
    while *operators.borrow_and_update() > 0 {
        if operators.changed().await.is_err() {
            // Nobody can wait any more.
            return;
        }
    }
}

impl<'a> Waiting<'a> {
    fn new(operators: &'a watch::Sender<usize>) -> Self {
        operators.send_modify(|waiting| *waiting += 1);
        Self(operators)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(&self.turns.joining).remove(&self.node);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use futures::poll;
    use std::pin::pin;

    #[tokio::test]
    async fn an_operator_goes_before_newcomers_that_wait() {
        let turns = ChangeLock::default();
        let first = turns.newcomers(NodeId(4)).await.unwrap();
        let mut second = pin!(turns.newcomers(NodeId(5)));
        let mut third = pin!(turns.newcomers(NodeId(6)));
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        assert!(poll!(pin!(turns.is_wanted(&first))).is_pending());
        let mut operator = pin!(turns.operators());
        assert!(poll!(&mut operator).is_pending());
        assert!(poll!(pin!(turns.is_wanted(&first))).is_ready());
        drop(first);
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        drop(operator.await);
        drop(second.await.unwrap());
        drop(third.await.unwrap());
    }

    #[tokio::test]
    async fn an_operator_overtakes_the_newcomer_that_is_next() {
        let turns = ChangeLock::default();
        let busy = turns.operators().await;
        let mut newcomer = pin!(turns.newcomers(NodeId(4)));
        assert!(poll!(&mut newcomer).is_pending());
        let mut operator = pin!(turns.operators());
        assert!(poll!(&mut operator).is_pending());
        drop(busy);
        assert!(poll!(&mut newcomer).is_pending());
        let turn = operator.await;
        let mut another = pin!(turns.operators());
        assert!(poll!(&mut another).is_pending());
        let is_wanted = poll!(pin!(turns.is_wanted(&turn)));
        assert!(is_wanted.is_pending(), "operators do not give way");
        drop(turn);
        drop(another.await);
        drop(newcomer.await.unwrap());
    }

    #[tokio::test]
    async fn newcomers_that_wait_are_bounded_and_leave_when_they_go_away() {
        let turns = ChangeLock::default();
        let first = turns.newcomers(NodeId(1)).await.unwrap();
        let is_refused = |node| turns.place(NodeId(node)).is_err();
        assert!(is_refused(1), "one call of each");
        {
            let mut waiting: Vec<_> = (2..=MAX_JOINS as u64)
                .map(|node| Box::pin(turns.newcomers(NodeId(node))))
                .collect();
            for newcomer in &mut waiting {
                assert!(poll!(newcomer).is_pending());
            }
            assert!(is_refused(99));
        }
        let mut next = pin!(turns.newcomers(NodeId(99)));
        assert!(poll!(&mut next).is_pending());
        drop(first);
        drop(next.await.unwrap());
        assert!(lock(&turns.joining).is_empty());
    }
}
