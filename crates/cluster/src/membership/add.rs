//! A member comes: it is checked and registered, invited, caught up as a learner, then made a voter.

use super::changes::Changes;
use super::error::MembershipError;
use super::learner::catch_up;
use super::relocation::Relocation;
use super::removed::RemovedMembers;
use super::rules::{Members, check_newcomer};
use crate::identity::Identity;
use crate::propose::{PROPOSE_DEADLINE, Propose};
use crate::raft_view::RaftView;
use crate::serving::Serving;
use crate::transport::Peers;
use api::proto::peer::{InviteRequest, InviteResponse};
use ipam::{Command, DEFAULT_SUBNET, KeyHash, NodeId, NodeRegistration, Outcome};
use openraft::ChangeMembers;
use raft_store::StateReader;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a newcomer may take to catch up before it is made a voter.
const CATCH_UP: Duration = Duration::from_secs(20);

/// What a newcomer said when it asked to join; nothing of it where an operator adds one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Whether it asked.
    pub(crate) joins: bool,
    /// Whether it has a log.
    pub(crate) has_data: bool,
    /// What it proved itself by.
    pub(crate) key: Option<KeyHash>,
    /// The number of its request.
    pub(crate) nonce: Vec<u8>,
}

impl Asked {
    /// Whether a member says where it is, and does not ask to be added: then there is no request to be invited by
    /// ([`crate::membership::relocation`]).
    pub(crate) const fn only_says_where(&self) -> bool {
        self.joins && self.has_data && self.nonce.is_empty()
    }
}

/// Adds members.
pub(crate) struct AddMember {
    /// Which node this is.
    pub(crate) identity: Arc<Identity>,
    /// How members change.
    pub(crate) changes: Arc<Changes>,
    /// For a member that has moved.
    pub(crate) relocation: Arc<Relocation>,
    /// Which members answer.
    pub(crate) serving: Arc<Serving>,
    /// Whose key does not come back.
    pub(crate) removed: RemovedMembers,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// The way to the newcomer.
    pub(crate) peers: Peers,
    /// Who registers it.
    pub(crate) propose: Arc<dyn Propose>,
}

impl AddMember {
    fn view(&self) -> &RaftView {
        &self.changes.view
    }

    fn members(&self) -> Members {
        Members {
            all: self.view().members(),
            voters: self.view().voters(),
        }
    }

    /// Adds the node at `peer_address` as a voter: its listen IP is checked and registered, it is
    /// invited, caught up as a learner, then promoted. Each step may be repeated, so a failure in
    /// the middle is mended by asking again.
    pub(crate) async fn add(
        &self,
        node: NodeId,
        peer_address: &str,
        asked: Asked,
    ) -> Result<(), MembershipError> {
        if self
            .relocation
            .has_moved(node, peer_address, asked.has_data)
        {
            // A key that was removed does not move the member that has its id now.
            self.check_key(node, asked.key)?;
            self.relocation.hear_of_move(node, peer_address).await?;
            if self.view().has_voter(node) {
                return Ok(());
            }
        }
        self.changes.require_leadership()?;
        if asked.only_says_where() {
            return match self.view().has_member(node) {
                true => Ok(()),
                false => Err(MembershipError::Rejected(format!(
                    "node {node} is no longer a member"
                ))),
            };
        }
        let turn = match asked.joins {
            true => self.changes.lock.newcomers(node).await?,
            false => self.changes.lock.operators().await,
        };
        self.changes.confirm_leadership().await?;
        // Whoever says the same twice is done, as with everything else that is added.
        if !asked.joins && self.is_up_at(node, peer_address) {
            return Ok(());
        }
        check_newcomer(&self.members(), node, peer_address, &asked)?;
        self.check_key(node, asked.key)?;
        let answer = self.invite(node, peer_address, &asked.nonce).await?;
        let listen_ip = Ipv4Addr::from_bits(answer.listen_ip);
        // What it proved when it asked, or what it says of itself when an operator adds it.
        let key = asked.key.or_else(|| KeyHash::try_from(answer.key?).ok());
        self.check_key(node, key)?;
        self.register_newcomer(node, peer_address, listen_ip)
            .await?;
        let member = raft_store::PeerNode::new(peer_address).with_key(key);
        timeout(CATCH_UP, catch_up(&self.changes, node, member, &turn))
            .await
            .map_err(|_| {
                MembershipError::NotDone(format!(
                    "node {node} does not catch up: is it reachable at {peer_address}, and does \
                     its disk work?"
                ))
            })??;
        self.changes
            .change(ChangeMembers::AddVoterIds(BTreeSet::from([node.0])), true)
            .await?;
        tracing::info!(%node, %peer_address, %listen_ip, "node added");
        Ok(())
    }

    /// Whether the node votes, is where it is said to be, and answers as one that has a log: one that came back
    /// empty has applied nothing.
    fn is_up_at(&self, node: NodeId, peer_address: &str) -> bool {
        let members = self.view().members();
        let is_there = members
            .get(&node)
            .is_some_and(|address| address == peer_address);
        let peers = self.serving.peers_heard();
        let has_data = || peers.get(&node).is_some_and(|peer| peer.applied > 0);
        is_there && self.view().has_voter(node) && (node == self.identity.node || has_data())
    }

    /// A key that was removed never comes back, and one key is one member's (S12).
    fn check_key(&self, node: NodeId, key: Option<KeyHash>) -> Result<(), MembershipError> {
        let Some(key) = key else {
            return Ok(());
        };
        if self.removed.has_key(Some(&key)) {
            return Err(MembershipError::Rejected(format!(
                "node {node} has a key that was removed from the cluster with a member, for good: give it a \
                 new key and certificate (`gatewayctl pki node {}`)",
                node.0
            )));
        }
        let holder = self.view().holder_of_key(key, node);
        holder.map_or(Ok(()), |holder| {
            Err(MembershipError::Rejected(format!(
                "node {node} has the key of node {holder}: each node needs its own"
            )))
        })
    }

    async fn invite(
        &self,
        node: NodeId,
        peer_address: &str,
        nonce: &[u8],
    ) -> Result<InviteResponse, MembershipError> {
        // Its name is drawn before it has a subnet, and a newcomer's listen IP must be in one.
        let is_laid_down = |applied: &raft_store::Applied| applied.state.cluster_id().is_some();
        if !self.reader.with(is_laid_down) {
            return Err(MembershipError::NoLeader);
        }
        let cluster_id = self
            .identity
            .cluster_id()
            .ok_or(MembershipError::NoLeader)?;
        let mut client = self.peers.connect(node, peer_address)?;
        let request = InviteRequest {
            node_id: node.0,
            cluster_id: cluster_id.to_vec(),
            term: self.view().term(),
            nonce: nonce.to_vec(),
            route: Some(self.identity.route_to(node)),
        };
        let answer = timeout(PROPOSE_DEADLINE, client.invite(request)).await;
        let answer = answer.map_err(|_| MembershipError::silent(peer_address, PROPOSE_DEADLINE))?;
        let answer = answer.map_err(|status| match status.code() {
            tonic::Code::FailedPrecondition => {
                MembershipError::Rejected(status.message().to_owned())
            }
            _ => MembershipError::unreachable(peer_address, &status),
        })?;
        Ok(answer.into_inner())
    }

    async fn register_newcomer(
        &self,
        node: NodeId,
        peer_address: &str,
        listen_ip: Ipv4Addr,
    ) -> Result<(), MembershipError> {
        // What its host is, it announces itself.
        let known = self
            .reader
            .with(|applied| applied.state.nodes().get(&node).cloned());
        let (mut listen, listeners, addresses) = known
            .map(|known| (known.listen, known.listeners, known.addresses))
            .unwrap_or_default();
        listen.insert(DEFAULT_SUBNET, listen_ip);
        let registration = NodeRegistration {
            node,
            listen,
            peer_address: peer_address.to_owned(),
            listeners,
            addresses,
        };
        let command = Command::from(registration);
        match self.propose.propose(command).await {
            Ok(Outcome::Refused(refusal)) => Err(MembershipError::Rejected(format!(
                "node {node} cannot have the listen IP {listen_ip}: {refusal}"
            ))),
            Ok(_) => Ok(()),
            Err(error) => Err(MembershipError::of_command(&error, ToString::to_string)),
        }
    }
}
