//! The parts of a node, each made of those below it.

use super::Base;
use crate::admission::Admission;
use crate::bounds::voter_change::Voters;
use crate::elections::Elections;
use crate::explain::Explain;
use crate::join::{Founders, Join};
use crate::membership::{
    AddMember, ChangeMember, ChangeMembers, Changes, Heir, LeadershipTransfer, Relocation,
    RemoveMember, RemovedMembers, SeenKeys,
};
use crate::notes::{self, Notes};
use crate::peer_server::PeerHandles;
use crate::profile::{LocalProfile, Takeover};
use crate::propose::Commits;
use crate::round_trips::{Latency, RoundTrips};
use crate::serving::{Introductions, Observed, Serving, Strangers};
use crate::status::StatusReport;
use raft_store::{LogTail, NoteBook, SnapshotSpool, UnfinishedWrites};
use std::sync::Arc;
use tokio::sync::Notify;

/// Whether this node may take part in Raft, and how.
pub(super) struct Admitted {
    pub(super) admission: Arc<Admission>,
    pub(super) elections: Arc<Elections>,
    pub(super) notes: Arc<Notes>,
}

/// What is seen of the peers.
pub(super) struct Seen {
    pub(super) serving: Arc<Serving>,
    pub(super) strangers: Arc<Strangers>,
    pub(super) round_trips: Arc<RoundTrips>,
    pub(super) latency: Arc<Latency>,
    pub(super) introductions: Arc<Introductions>,
}

/// How the members change.
pub(super) struct Members {
    pub(super) changes: Arc<Changes>,
    pub(super) heir: Arc<Heir>,
    pub(super) leadership: Arc<LeadershipTransfer>,
    pub(super) relocation: Arc<Relocation>,
    pub(super) removed: RemovedMembers,
    pub(super) seen_keys: Arc<SeenKeys>,
    pub(super) add: Arc<AddMember>,
    pub(super) change_member: Arc<ChangeMember>,
}

impl Base {
    pub(super) fn admitted(
        &self,
        book: NoteBook,
        tail: LogTail,
        poisoned: &Option<String>,
        has_data: bool,
    ) -> Admitted {
        let admission = Arc::new(Admission::new(has_data));
        let gate = notes::gate(has_data);
        let of_elections = Arc::clone(&gate);
        let elections = Arc::new(Elections::new(
            Arc::clone(&self.identity),
            self.view.clone(),
            Arc::clone(&self.raft),
            Box::new(move || of_elections.is_level()),
        ));
        let inputs = notes::Inputs {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            reader: self.reader.clone(),
            tail,
            limits: self.limits.clone(),
            admission: Arc::clone(&admission),
            elections: Arc::clone(&elections),
            book,
            is_poisoned: poisoned.is_some(),
        };
        Admitted {
            admission,
            elections,
            notes: Arc::new(Notes::new(inputs, gate)),
        }
    }

    pub(super) fn seen(&self, admitted: &Admitted, unfinished: UnfinishedWrites) -> Seen {
        let strangers = Arc::new(Strangers::new(self.view.clone()));
        let round_trips = Arc::new(RoundTrips::default());
        let latency = Arc::new(Latency {
            round_trips: Arc::clone(&round_trips),
            view: self.view.clone(),
            limits: self.limits.clone(),
            lan: self.config.timings,
        });
        let introductions = Arc::new(Introductions::new(
            Arc::clone(&self.identity),
            self.peers.clone(),
            self.limits.clone(),
            Arc::clone(&strangers),
        ));
        let observed = Observed {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            limits: self.limits.clone(),
            reader: self.reader.clone(),
            raft: Arc::clone(&self.raft),
            notes: Arc::clone(&admitted.notes),
            unfinished,
            commits: Commits::clone(&self.proposer.commits),
            blockers: Arc::clone(&self.blockers),
            strangers: Arc::clone(&strangers),
            latency: Arc::clone(&latency),
        };
        Seen {
            serving: Arc::new(Serving::new(observed, Arc::clone(&self.gate))),
            strangers,
            round_trips,
            latency,
            introductions,
        }
    }

    pub(super) fn members(&self, admitted: &Admitted, seen: &Seen) -> Members {
        let raft: Arc<dyn ChangeMembers> = Arc::clone(&self.raft) as _;
        let changes = Arc::new(Changes::new(
            self.identity.node,
            self.view.clone(),
            self.limits.clone(),
            Arc::clone(&raft),
        ));
        let heir = Arc::new(Heir::default());
        let leadership = Arc::new(LeadershipTransfer::new(
            self.identity.node,
            self.view.clone(),
            raft,
            Arc::clone(&heir),
        ));
        let relocation = Arc::new(self.relocation(admitted, seen, &changes));
        let removed = RemovedMembers::new(self.view.clone(), self.reader.clone());
        let seen_keys = Arc::new(SeenKeys::default());
        let add = Arc::new(AddMember {
            identity: Arc::clone(&self.identity),
            changes: Arc::clone(&changes),
            relocation: Arc::clone(&relocation),
            serving: Arc::clone(&seen.serving),
            removed: removed.clone(),
            reader: self.reader.clone(),
            peers: self.peers.clone(),
            propose: Arc::clone(&self.propose),
        });
        let remove = RemoveMember {
            changes: Arc::clone(&changes),
            seen_keys: Arc::clone(&seen_keys),
            reader: self.reader.clone(),
            propose: Arc::clone(&self.propose),
        };
        let change_member = Arc::new(ChangeMember {
            identity: Arc::clone(&self.identity),
            peers: self.peers.clone(),
            add: Arc::clone(&add),
            remove,
        });
        Members {
            changes,
            heir,
            leadership,
            relocation,
            removed,
            seen_keys,
            add,
            change_member,
        }
    }

    fn relocation(&self, admitted: &Admitted, seen: &Seen, changes: &Arc<Changes>) -> Relocation {
        Relocation {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            changes: Arc::clone(changes),
            peers: self.peers.clone(),
            limits: self.limits.clone(),
            reader: self.reader.clone(),
            notes: Arc::clone(&admitted.notes),
            elections: Arc::clone(&admitted.elections),
            blockers: Arc::clone(&self.blockers),
            introductions: Arc::clone(&seen.introductions),
        }
    }

    pub(super) fn takeover(&self, local: LocalProfile, seen: &Seen, members: &Members) -> Takeover {
        Takeover {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            limits: self.limits.clone(),
            reader: self.reader.clone(),
            local,
            local_changed: Notify::new(),
            lan: self.config.timings,
            peers: self.peers.clone(),
            raft: Arc::clone(&self.raft),
            serving: Arc::clone(&seen.serving),
            blockers: Arc::clone(&self.blockers),
            gate: Arc::clone(&self.gate),
            leadership: Arc::clone(&members.leadership),
            latency: Arc::clone(&seen.latency),
        }
    }

    pub(super) fn join(&self, admitted: &Admitted, seen: &Seen, members: &Members) -> Join {
        Join {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            raft: Arc::clone(&self.raft),
            reader: self.reader.clone(),
            peers: self.peers.clone(),
            propose: Arc::clone(&self.propose),
            admission: Arc::clone(&admitted.admission),
            elections: Arc::clone(&admitted.elections),
            introductions: Arc::clone(&seen.introductions),
            founders: Founders {
                identity: Arc::clone(&self.identity),
                view: self.view.clone(),
                introductions: Arc::clone(&seen.introductions),
                admission: Arc::clone(&admitted.admission),
                elections: Arc::clone(&admitted.elections),
                blockers: Arc::clone(&self.blockers),
            },
            relocation: Arc::clone(&members.relocation),
            registration: Arc::clone(&self.registration),
            profile: self.config.profile,
        }
    }

    pub(super) fn status(&self, seen: &Seen) -> StatusReport {
        StatusReport {
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            serving: Arc::clone(&seen.serving),
            reader: self.reader.clone(),
            limits: self.limits.clone(),
            strangers: Arc::clone(&seen.strangers),
            refusals: Arc::clone(self.peers.term_raises().refusals()),
        }
    }

    pub(super) fn handles(
        &self,
        admitted: &Admitted,
        seen: &Seen,
        members: &Members,
        explain: &Arc<Explain>,
        from_store: (Option<String>, Option<Voters>, SnapshotSpool),
    ) -> PeerHandles {
        let (poisoned, pair, spool) = from_store;
        PeerHandles {
            listen: self.config.peer_listen,
            identity: Arc::clone(&self.identity),
            view: self.view.clone(),
            serving: Arc::clone(&seen.serving),
            limits: self.limits.clone(),
            removed: members.removed.clone(),
            seen_keys: Arc::clone(&members.seen_keys),
            refusals: Arc::clone(self.peers.term_raises().refusals()),
            admission: Arc::clone(&admitted.admission),
            poisoned,
            raft: Arc::clone(&self.raft),
            peers: self.peers.clone(),
            heir: Arc::clone(&members.heir),
            pair,
            spool,
            reader: self.reader.clone(),
            proposer: self.proposer.clone(),
            add: Arc::clone(&members.add),
            change_member: Arc::clone(&members.change_member),
            notes: Arc::clone(&admitted.notes),
            strangers: Arc::clone(&seen.strangers),
            explain: Arc::clone(explain),
        }
    }
}
