//! Asking members to be added, and staying one.

use super::Join;
use crate::config::Start;
use crate::membership::{MembershipError, peer_address};
use crate::start_error::StartError;
use crate::transport;
use api::proto::peer::{JoinRequest, join_response};
use std::time::Duration;
use tokio::time::timeout;

/// How long a node that joins waits between two rounds of asking.
const JOIN_RETRY: Duration = Duration::from_secs(1);
/// How long one node may take to answer a wish to join: it catches the newcomer up before.
const JOIN_TIMEOUT: Duration = Duration::from_secs(30);

impl Join {
    /// Asks one member after the other until one of them has added this node.
    pub(super) async fn join(&self, addresses: &[String]) -> Result<(), StartError> {
        while !self.view.is_voter() {
            for address in addresses {
                match self.ask_to_join(address).await {
                    Ok(()) => return Ok(()),
                    Err(MembershipError::Rejected(reason)) => {
                        return Err(StartError::Rejected(reason));
                    }
                    Err(error) => tracing::info!(%address, %error, "not joined yet"),
                }
            }
            self.view.wait_for_leader_change(JOIN_RETRY).await;
        }
        Ok(())
    }

    /// Returns when it is committed that this node votes. That its own log says so may be undone: the entry was the last
    /// of a leader that lost it, and the next one takes it for a learner for good. Then it asks again.
    pub(super) async fn stay(&self, start: &Start) {
        let Start::Join(addresses) = start else {
            return;
        };
        let mut leadership = self.view.changes();
        let mut applied = self.reader.marks();
        while !self.is_committed_voter() {
            if let Err(error) = self.join(addresses).await {
                // It may have been removed meanwhile: its status says so, and an operator decides.
                tracing::warn!("it is no voter, and does not become one: {error}");
                return;
            }
            let changed = tokio::select! {
                changed = applied.changed() => changed.is_ok(),
                () = leadership.next() => true,
            };
            if !changed {
                // Raft has stopped, which others report with its reason.
                return;
            }
        }
    }

    /// Asks the member at `address`, or the leader that it points to.
    async fn ask_to_join(&self, address: &str) -> Result<(), MembershipError> {
        let mut address = address.to_owned();
        // An earlier attempt may have got as far as giving this node a log.
        let has_data = self.raft.now().is_initialized().await;
        let has_data = has_data.map_err(|error| MembershipError::NotDone(error.to_string()))?;
        for _ in 0..2 {
            let mut client = self.peers.connect_to(&address)?;
            let request = JoinRequest {
                node_id: self.identity.node.0,
                peer_address: self.identity.peer_address.clone(),
                has_data,
                nonce: self.admission.ask().to_vec(),
                route: Some(self.identity.route_to_anybody()),
            };
            let answer = timeout(JOIN_TIMEOUT, client.join(request)).await;
            let answer = answer.map_err(|_| MembershipError::silent(&address, JOIN_TIMEOUT))?;
            let answer =
                answer.map_err(|status| MembershipError::Unknown(transport::explain(&status)))?;
            match answer.into_inner().result {
                Some(join_response::Result::Joined(joined)) => {
                    return self.go_on_from(joined.term).await;
                }
                Some(join_response::Result::Rejected(rejected)) => {
                    return Err(MembershipError::Rejected(transport::bounded(
                        &rejected.reason,
                    )));
                }
                Some(join_response::Result::NotLeader(hint))
                    if peer_address::check(&hint.leader_address).is_ok() =>
                {
                    address = hint.leader_address;
                }
                Some(join_response::Result::NotLeader(_)) | None => {
                    return Err(MembershipError::NoLeader);
                }
            }
        }
        Err(MembershipError::NoLeader)
    }

    /// Whether it is committed, as far as this node has applied, that it votes.
    fn is_committed_voter(&self) -> bool {
        self.reader.with(|applied| {
            let membership = applied.membership.membership();
            let mut voters = membership.voter_ids();
            voters.any(|voter| voter == self.identity.node.0)
        })
    }

    async fn go_on_from(&self, term: u64) -> Result<(), MembershipError> {
        let raised = self.raft.go_on_from(term).await;
        raised.map_err(MembershipError::NotDone)
    }
}
