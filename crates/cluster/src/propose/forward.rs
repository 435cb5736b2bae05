//! A batch is forwarded to the leader.

use super::attempt::{Attempt, settled};
use super::trace;
use crate::identity::Identity;
use crate::raft_view::RaftView;
use crate::transport::{Peers, explain};
use api::proto::peer::{ProposeRequest, propose_response};
use ipam::{NodeId, Outcome, RequestedCommand};
use raft_store::StateReader;
use std::error::Error;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, ConnectError, Status};

/// What a node needs to forward.
pub(crate) struct Forwarder {
    /// Who asks.
    pub(crate) identity: Arc<Identity>,
    /// Whether whom it asks still leads.
    pub(crate) view: RaftView,
    /// The way to it.
    pub(crate) peers: Peers,
    /// What is applied here.
    pub(crate) reader: StateReader,
}

impl Forwarder {
    /// Has the leader do it, and waits until this node has applied the entry as well: what it says to
    /// a client is then also what it knows.
    pub(super) async fn forward(
        &self,
        leader: NodeId,
        address: &str,
        commands: &[RequestedCommand],
        deadline: Instant,
    ) -> Attempt {
        let mut client = match self.peers.connect(leader, address) {
            Ok(client) => client,
            Err(error) => return Attempt::NotDone(format!("node {leader}'s address: {error}")),
        };
        let remaining = deadline.saturating_duration_since(Instant::now());
        let request = ProposeRequest {
            commands: commands.iter().map(Into::into).collect(),
            timeout_millis: u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX),
            route: Some(self.identity.route_to(leader)),
        };
        trace::each(commands, || tracing::debug!(%leader, "forwarding"));
        let answer = tokio::select! {
            answer = timeout_at(deadline, client.propose(request)) => answer,
            () = self.view.leadership_ends(leader) => {
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
        if let Attempt::Settled { .. } = attempt {
            // Of which entry each command is part, `applied` says: the leader may have made several of the batch.
            trace::each(commands, || tracing::debug!("answered"));
        }
        self.applied_here(attempt, deadline).await
    }

    async fn applied_here(&self, attempt: Attempt, deadline: Instant) -> Attempt {
        let Attempt::Settled { index, .. } = attempt else {
            return attempt;
        };
        match timeout_at(deadline, self.reader.applied(index)).await {
            Ok(Ok(())) => attempt,
            Ok(Err(error)) => Attempt::Unknown(error.to_string()),
            Err(_) => Attempt::Unknown(format!("entry {index} was not applied here in time")),
        }
    }
}

/// What a node refuses to look at, or was never sent, is certainly not done; anything else may be.
fn refused(leader: NodeId, status: &Status) -> Attempt {
    if was_never_sent(status) {
        let reason = explain(status);
        return Attempt::NotDone(format!(
            "node {leader}, which led, is not reached: {reason}"
        ));
    }
    let reason = format!("node {leader}: {}", status.message());
    match status.code() {
        Code::FailedPrecondition | Code::InvalidArgument | Code::PermissionDenied => {
            Attempt::NotDone(reason)
        }
        _ => Attempt::Unknown(reason),
    }
}

/// There was no connection to send it by.
fn was_never_sent(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.is::<ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;
    use api::proto::peer::peer_client::PeerClient;
    use std::net::{Ipv4Addr, TcpListener};
    use tonic::transport::Endpoint;

    /// An operator whose change was not sent is told so: he may repeat it.
    #[tokio::test]
    async fn attempt_at_a_leader_that_is_down_is_not_done() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let address = listener.and_then(|listener| listener.local_addr());
        let address = address.expect("a free port, closed by now");
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let mut client = PeerClient::new(endpoint.connect_lazy());
        let status = client.propose(ProposeRequest::default()).await;
        let status = status.expect_err("nobody is there");
        assert!(matches!(refused(NodeId(3), &status), Attempt::NotDone(_)));
        let lost = Status::unavailable("the connection is lost");
        assert!(matches!(refused(NodeId(3), &lost), Attempt::Unknown(_)));
    }
}
