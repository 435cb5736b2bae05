//! From what is wrong with a Raft request to what is done about it.

use super::PeerService;
use super::bounds::{Own, Violation};
use ipam::NodeId;
use openraft::raft::VoteRequest;
use raft_store::TypeConfig;
use tonic::Status;

impl PeerService {
    /// What this node knows of itself. It may be a moment old.
    pub(super) fn own(&self) -> Own {
        self.inner.with_metrics(|metrics| Own {
            vote: metrics.vote,
            committed: metrics.local_committed,
        })
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
        self.inner
            .refusals
            .count(NodeId(sender), call, violation.kind(), &reason);
        if let Some(term) = violation.asks_for_a_higher_term() {
            // Who says that it leads is believed against the leader that this node hears; who only
            // stands for election is not.
            let says_that_it_leads = !matches!(call, "Vote" | "PreVote");
            let raised = self
                .inner
                .raise_term(NodeId(sender), term, says_that_it_leads);
            raised.await.map_err(|error| {
                Status::unavailable(format!("Raft has stopped on this node: {error}"))
            })?;
        }
        Err(Status::failed_precondition(format!(
            "this node refuses the request: {reason}"
        )))
    }

    /// A candidate passes the leader's lease only if the leader itself named it. Any other is an
    /// ordinary candidate, whatever it says.
    pub(super) fn check_succession(&self, sender: u64, request: &mut VoteRequest<TypeConfig>) {
        if !request.leadership_transfer || self.inner.succession.is_heir(sender, &request.vote) {
            return;
        }
        request.leadership_transfer = false;
        self.inner.refusals.count(
            NodeId(sender),
            "Vote",
            "not_the_heir",
            "it says that the leader hands over to it, and the leader has not said so",
        );
    }
}
