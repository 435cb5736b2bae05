//! The tasks of a node.

use super::Base;
use super::parts::{Admitted, Members, Seen};
use crate::clock::{self, LeaderClock, Ticker};
use crate::membership::{self, LeaveJointConfig};
use crate::notes;
use crate::profile::{self, Takeover};
use crate::propose::{self, Committer, Forwarder, LeaderWrite, Proposal};
use crate::round_trips::{self, Measure};
use crate::serving::{self, Poll, Probe};
use crate::tasks::{self, Tasks};
use std::sync::Arc;
use tokio::sync::mpsc;

impl Base {
    /// What writes, and what stamps what is written.
    pub(super) fn write_tasks(
        &self,
        tasks: &mut Tasks,
        queue: mpsc::Receiver<Proposal>,
        clock: &Arc<LeaderClock>,
        admitted: &Admitted,
        seen: &Seen,
    ) {
        let write = LeaderWrite {
            raft: Arc::clone(&self.raft),
            view: self.view.clone(),
            clock: Arc::clone(clock),
            notes: Arc::clone(&admitted.notes),
            diverged: seen.serving.watch_diverged(),
        };
        let forward = Forwarder {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            peers: self.peers.clone(),
            reader: self.reader.clone(),
        };
        let node = self.identity.node;
        let committer = Arc::new(Committer::new(node, self.view.clone(), write, forward));
        let state = self.reader.clone();
        let ticker = Ticker {
            view: self.view.clone(),
            clock: Arc::clone(clock),
            next_deadline: Box::new(move || state.with(|applied| applied.state.next_deadline())),
            commit: Arc::new(self.proposer.clone()),
        };
        let marks = || self.reader.marks();
        tasks.add("Raft", tasks::raft_core(Arc::clone(&self.raft)));
        tasks.add("batcher", propose::run(node, committer, queue));
        let anchor = clock::anchor(Arc::clone(clock), self.view.clone(), marks());
        tasks.add("clock", anchor);
        tasks.add("ticker", clock::tick(ticker, marks()));
    }

    /// What watches the members, and keeps this node's own affairs in order.
    pub(super) fn watch_tasks(
        &self,
        tasks: &mut Tasks,
        profile: &Arc<Takeover>,
        admitted: &Admitted,
        seen: &Seen,
        members: &Members,
    ) {
        let leave = LeaveJointConfig::new(Arc::clone(&members.changes), self.reader.clone());
        tasks.add("membership", membership::leave_joint_configs(leave));
        tasks.add("profile", profile::run(Arc::clone(profile)));
        let measure = Measure {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            peers: self.peers.clone(),
            round_trips: Arc::clone(&seen.round_trips),
        };
        tasks.add("round trips", round_trips::measure(measure));
        let (identity, gate) = (Arc::clone(&self.identity), Arc::clone(&self.gate));
        let keeping = tasks::keep_identity(identity, self.reader.clone(), gate);
        tasks.add("identity", keeping);
        tasks.add("notes", notes::keep(Arc::clone(&admitted.notes)));
        let adopting = notes::adopt(Arc::clone(&admitted.notes), Arc::clone(&self.raft));
        tasks.add("noted votes", adopting);
        let relocation = Arc::clone(&members.relocation);
        tasks.add("peer address", membership::announce_again(relocation));
        tasks.add("health", serving::run(self.poll(admitted, seen, members)));
    }

    fn poll(&self, admitted: &Admitted, seen: &Seen, members: &Members) -> Poll {
        Poll {
            serving: Arc::clone(&seen.serving),
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            peers: self.peers.clone(),
            limits: self.limits.clone(),
            reader: self.reader.clone(),
            notes: Arc::clone(&admitted.notes),
            strangers: Arc::clone(&seen.strangers),
            round_trips: Arc::clone(&seen.round_trips),
            introductions: Arc::clone(&seen.introductions),
            reversions: self.reversions.clone(),
            elections: Arc::clone(&admitted.elections),
            probe: Probe::new(Arc::clone(&self.propose), Arc::clone(&self.registration)),
            leadership: Arc::clone(&members.leadership) as _,
        }
    }
}
