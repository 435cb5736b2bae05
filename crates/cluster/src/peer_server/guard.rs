//! From what is wrong with a Raft request to what is done about it.

use super::PeerService;
use super::raft_rpc::stopped;
use crate::bounds::Reach;
use crate::bounds::voter_change::{self, Counted, Voters};
use crate::bounds::{self, Own, Violation};
use crate::raft::RaftNode;
use ipam::NodeId;
use openraft::RaftState;
use openraft::raft::{AppendEntriesRequest, VoteRequest};
use raft_store::{SnapshotMeta, TypeConfig, Vote};
use tonic::Status;

/// An append that was judged by what openraft knew in its turn.
pub(super) struct Judged {
    pub(super) own: Own,
    pub(super) request: AppendEntriesRequest<TypeConfig>,
    pub(super) checked: Result<(), Violation>,
}

/// A node, and two voters.
type Who = (u64, Option<Voters>);

impl PeerService {
    /// What this node knows of itself. It may be a moment old: enough where openraft judges again.
    pub(super) fn own(&self) -> Own {
        let reach = self.start.reach();
        self.handles.view.with_metrics(|metrics| Own {
            vote: metrics.vote,
            committed: metrics.local_committed,
            reach,
        })
    }

    /// This node, and of which two voters it may be left alone.
    fn who(&self) -> Who {
        (self.handles.identity.node.0, self.handles.pair.clone())
    }

    /// Whether a snapshot may be taken, by what openraft itself knows, in its turn.
    pub(super) async fn judge_snapshot(
        &self,
        raft: &RaftNode,
        sender: u64,
        vote: Vote,
        meta: SnapshotMeta,
    ) -> Result<Result<(), Violation>, Status> {
        let (who, reach) = (self.who(), self.start.reach());
        let judged = raft.with_raft_state(move |state| {
            let members = meta.last_membership.membership();
            bounds::check_snapshot(&own_of(state, reach), sender, &vote, &meta)
                .and_then(|()| voter_change::check_snapshot(&counted(who, state), members))
        });
        judged.await.map_err(stopped)
    }

    /// Judges an append by what openraft itself knows, in its turn, and cuts what it calls committed.
    pub(super) async fn judge_append(
        &self,
        raft: &RaftNode,
        sender: u64,
        mut request: AppendEntriesRequest<TypeConfig>,
    ) -> Result<Judged, Status> {
        let (who, reach) = (self.who(), self.start.reach());
        let judged = raft.with_raft_state(move |state| {
            let own = own_of(state, reach);
            let log = |index| state.log_ids.get(index);
            let checked = bounds::check_append(&own, &log, sender, &request).and_then(|()| {
                voter_change::check_append(&counted(who, state), &own, &log, &request)
            });
            bounds::clamp_commit(&own, &log, &mut request);
            Judged {
                own,
                request,
                checked,
            }
        });
        judged.await.map_err(stopped)
    }

    /// Refuses a request with something wrong in it. If it may be honest, and only its term is too far
    /// away, this node comes nearer, so that the next one, or the one after many, is taken.
    pub(super) async fn guard(
        &self,
        sender: u64,
        call: &'static str,
        checked: Result<(), Violation>,
    ) -> Result<(), Status> {
        let Err(violation) = checked else {
            return Ok(());
        };
        let reason = violation.to_string();
        self.handles
            .refusals
            .count(NodeId(sender), call, violation.kind(), &reason);
        if let Some(term) = violation.asks_for_a_higher_term()
            && self.may_raise(sender, call)
        {
            // Who says that it leads is believed against the leader that this node hears; who only
            // stands for election is not.
            let says_that_it_leads = !matches!(call, "Vote" | "PreVote");
            let raised = self
                .handles
                .raft
                .raise_term(NodeId(sender), term, says_that_it_leads);
            raised.await.map_err(|error| {
                Status::unavailable(format!("Raft has stopped on this node: {error}"))
            })?;
        }
        Err(Status::failed_precondition(format!(
            "this node refuses the request: {reason}"
        )))
    }

    /// Who raises the term again and again is not believed against a leader with a quorum. Without one
    /// it disturbs nobody, and is how two nodes that are far apart meet.
    fn may_raise(&self, sender: u64, call: &str) -> bool {
        let raises = self.handles.peers.term_raises();
        let believed = || raises.believe(NodeId(sender), call, self.handles.view.term());
        !self.handles.serving.status().has_quorum || believed().is_ok()
    }

    /// A candidate passes the leader's lease only if the leader itself named it. Any other is an
    /// ordinary candidate, whatever it says.
    pub(super) fn check_succession(&self, sender: u64, request: &mut VoteRequest<TypeConfig>) {
        if !request.leadership_transfer || self.handles.heir.is_heir(sender, &request.vote) {
            return;
        }
        request.leadership_transfer = false;
        self.handles.refusals.count(
            NodeId(sender),
            "Vote",
            "not_the_heir",
            "it says that the leader hands over to it, and the leader has not said so",
        );
    }
}

fn own_of(state: &RaftState<TypeConfig>, reach: Reach) -> Own {
    Own {
        vote: *state.vote_ref(),
        committed: state.local_committed().copied(),
        reach,
    }
}

fn counted(who: Who, state: &RaftState<TypeConfig>) -> Counted {
    let members = &state.membership_state;
    let voters = [members.committed(), members.effective()]
        .map(|members| voter_change::voters_of(members.membership()));
    let (here, pair) = who;
    Counted { here, voters, pair }
}
