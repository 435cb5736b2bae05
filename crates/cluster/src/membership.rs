//! Members come, one at a time, decided by the leader; how they go is in [`crate::removal`].

use crate::change_turns::Turn;
use crate::node::Inner;
use crate::peer_address;
use crate::peer_server::bounds::TERM_STEP;
use crate::propose::PROPOSE_DEADLINE;
use crate::raft_handle::RaftNode;
use crate::transport;
use api::proto::raft::{InviteRequest, InviteResponse};
use ipam::budget::MAX_NODES;
use ipam::{Command, KeyHash, NodeId, NodeRegistration, Outcome};
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{ChangeMembershipError, ClientWriteError, RaftError};
use openraft::{ChangeMembers, ReadPolicy};
use raft_store::{LogId, TypeConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;
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
    /// ([`crate::relocation`]).
    pub(crate) const fn only_says_where(&self) -> bool {
        self.joins && self.has_data && self.nonce.is_empty()
    }
}

/// Why the membership did not change.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// Only the leader changes the membership.
    #[error("node {leader} at {address} is the leader: ask it")]
    NotLeader {
        /// Who is.
        leader: NodeId,
        /// Where.
        address: String,
    },
    /// There is nobody to ask.
    #[error("there is no leader: wait until a quorum of the members is up")]
    NoLeader,
    /// Asking again will not help before something else has changed.
    #[error("{0}")]
    Rejected(String),
    /// Nobody answers there.
    #[error(
        "{address} does not answer ({reason}): check that gatewayd runs there, that the address is \
         right, and that both have TLS or neither has"
    )]
    Unreachable {
        /// Where.
        address: String,
        /// Why, as far as it is known.
        reason: String,
    },
    /// Asking again may help.
    #[error("{0}")]
    Failed(String),
}

impl MembershipError {
    /// Nothing came within `limit`.
    pub(crate) fn silent(address: &str, limit: Duration) -> Self {
        Self::Unreachable {
            address: address.to_owned(),
            reason: format!("nothing came within {limit:?}"),
        }
    }

    /// The request failed as `status` says.
    pub(crate) fn unreachable(address: &str, status: &tonic::Status) -> Self {
        Self::Unreachable {
            address: address.to_owned(),
            reason: transport::explain(status),
        }
    }
}

impl Inner {
    /// Adds the node at `peer_address` as a voter: its listen IP is checked and registered, it is
    /// invited, caught up as a learner, then promoted. Each step may be repeated, so a failure in
    /// the middle is mended by asking again.
    pub(crate) async fn add_node(
        &self,
        node: NodeId,
        peer_address: &str,
        asked: Asked,
    ) -> Result<(), MembershipError> {
        if self.has_moved(node, peer_address, asked.has_data) {
            // A key that was removed does not move the member that has its id now.
            self.check_key(node, asked.key)?;
            self.hear_of_move(node, peer_address).await?;
            if self.has_voter(node) {
                return Ok(());
            }
        }
        self.require_leadership()?;
        if asked.only_says_where() {
            return match self.has_member(node) {
                true => Ok(()),
                false => Err(MembershipError::Rejected(format!(
                    "node {node} is no longer a member"
                ))),
            };
        }
        let turn = match asked.joins {
            true => self.change_turns.newcomers(node).await?,
            false => self.change_turns.operators().await,
        };
        self.confirm_leadership().await?;
        // Whoever says the same twice is done, as with everything else that is added.
        if !asked.joins && self.is_up_at(node, peer_address) {
            return Ok(());
        }
        self.check_newcomer(node, peer_address, &asked)?;
        self.check_key(node, asked.key)?;
        let answer = self.invite(node, peer_address, &asked.nonce).await?;
        let listen_ip = Ipv4Addr::from_bits(answer.listen_ip);
        // What it proved when it asked, or what it says of itself when an operator adds it.
        let key = asked.key.or_else(|| KeyHash::try_from(answer.key?).ok());
        self.check_key(node, key)?;
        self.register_newcomer(node, peer_address, listen_ip)
            .await?;
        let member = raft_store::PeerNode::new(peer_address).with_key(key);
        timeout(CATCH_UP, self.catch_up(node, member, &turn))
            .await
            .map_err(|_| {
                MembershipError::Failed(format!(
                    "node {node} does not catch up: is it reachable at {peer_address}, and does \
                     its disk work?"
                ))
            })??;
        self.change(ChangeMembers::AddVoterIds(BTreeSet::from([node.0])), true)
            .await?;
        tracing::info!(%node, %peer_address, %listen_ip, "node added");
        Ok(())
    }

    /// Makes `node` a learner, and returns once it has on its disk what makes it one.
    ///
    /// openraft's own wait takes a learner for level that is no more than
    /// `replication_lag_threshold` behind, so in a young cluster one that has stored nothing. As a
    /// voter, such a node would count, and after a restart take no part: its directory is empty.
    async fn catch_up(
        &self,
        node: NodeId,
        member: raft_store::PeerNode,
        turn: &Turn<'_>,
    ) -> Result<(), MembershipError> {
        let not_added = |reason: String| {
            MembershipError::Failed(format!("node {node} was not added: {reason}"))
        };
        let learner = self.raft().add_learner(node.0, member, false).await;
        let learner = learner.map_err(|error| not_added(error.to_string()))?;
        let mut metrics = self.raft().data_metrics();
        loop {
            let stored = metrics.borrow_and_update().replication.as_ref().map(|all| {
                let matched = all.get(&node.0).copied().flatten();
                matched.is_some_and(|matched| matched.index >= learner.log_id.index)
            });
            match stored {
                Some(true) => return Ok(()),
                Some(false) if ipam::mutated!("l1_voter_without_a_log") => return Ok(()),
                Some(false) => {}
                None => return Err(not_added("another node leads now".to_owned())),
            }
            let changed = tokio::select! {
                changed = metrics.changed() => changed,
                () = self.change_turns.is_wanted(turn) => {
                    return Err(not_added("an operator's change goes first, ask again".to_owned()));
                }
            };
            changed.map_err(|_| not_added("Raft has stopped on this node".to_owned()))?;
        }
    }

    pub(crate) fn require_leadership(&self) -> Result<(), MembershipError> {
        match self.leader() {
            Some((leader, _)) if leader == self.config.node => Ok(()),
            Some((leader, address)) => Err(MembershipError::NotLeader { leader, address }),
            None => Err(MembershipError::NoLeader),
        }
    }

    /// Has a quorum confirm that this node leads, so that what it knows of the members is not of
    /// yesterday: a leader that was paused or cut off learns last that another one was elected.
    pub(crate) async fn confirm_leadership(&self) -> Result<(), MembershipError> {
        let raft = self.raft();
        let confirming = raft.ensure_linearizable(ReadPolicy::ReadIndex);
        match timeout(PROPOSE_DEADLINE, confirming).await {
            Ok(Ok(_)) => Ok(()),
            // Whoever leads now is the better answer, once it is known here.
            Ok(Err(_)) | Err(_) => {
                self.require_leadership()?;
                Err(MembershipError::NoLeader)
            }
        }
    }

    /// A member that comes back empty has lost its votes and its log: were it let in under its old
    /// id, it could vote twice in one term, and acknowledged leases could be lost (S2).
    fn check_newcomer(
        &self,
        node: NodeId,
        peer_address: &str,
        asked: &Asked,
    ) -> Result<(), MembershipError> {
        if node.0 == 0 {
            return Err(MembershipError::Rejected(
                "node id 0 is not allowed: use 1 or more".to_owned(),
            ));
        }
        peer_address::check(peer_address).map_err(MembershipError::Rejected)?;
        let members = self.members();
        if members.len() >= MAX_NODES && !members.contains_key(&node) {
            return Err(MembershipError::Rejected(format!(
                "the cluster has {MAX_NODES} members already: remove one first"
            )));
        }
        if let Some((other, _)) = members
            .iter()
            .find(|(id, address)| **id != node && *address == peer_address)
        {
            return Err(MembershipError::Rejected(format!(
                "node {other} already has the peer address {peer_address}"
            )));
        }
        match members.get(&node) {
            Some(address) if address != peer_address => Err(MembershipError::Rejected(format!(
                "node {node} is a member at {address}, not at {peer_address}: if it has moved, start it with \
                 its data and it announces itself; if it is another, choose another id"
            ))),
            Some(_) if asked.joins && !asked.has_data && self.has_voter(node) => {
                Err(MembershipError::Rejected(format!(
                    "node {node} is a member already, but comes with an empty data directory: \
                 if it lost its data, run `gatewayctl node remove {node}` first"
                )))
            }
            Some(_) if !asked.joins && self.has_voter(node) => {
                Err(MembershipError::Rejected(format!(
                    "node {node} is a member already, and does not answer with its data: start it with them; \
                 if it lost them, run `gatewayctl node remove {node}` first"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Whether the node votes, is where it is said to be, and answers as one that has a log: one that came back
    /// empty has applied nothing.
    fn is_up_at(&self, node: NodeId, peer_address: &str) -> bool {
        let members = self.members();
        let is_there = members
            .get(&node)
            .is_some_and(|address| address == peer_address);
        let peers = self.peers_heard();
        let has_data = || peers.get(&node).is_some_and(|peer| peer.applied > 0);
        is_there && self.has_voter(node) && (node == self.config.node || has_data())
    }

    /// A key that was removed never comes back, and one key is one member's (S12).
    fn check_key(&self, node: NodeId, key: Option<KeyHash>) -> Result<(), MembershipError> {
        let Some(key) = key else {
            return Ok(());
        };
        if self
            .reader
            .with(|applied| applied.state.removed().has_key(&key))
        {
            return Err(MembershipError::Rejected(format!(
                "node {node} has a key that was removed from the cluster with a member, for good: give it a \
                 new key and certificate (`gatewayctl pki node {}`)",
                node.0
            )));
        }
        let holder = self.with_metrics(|metrics| {
            let mut nodes = metrics.membership_config.membership().nodes();
            let holder = nodes.find(|(id, other)| **id != node.0 && other.key == Some(key));
            holder.map(|(id, _)| *id)
        });
        holder.map_or(Ok(()), |holder| {
            Err(MembershipError::Rejected(format!(
                "node {node} has the key of node {holder}: each node needs its own"
            )))
        })
    }

    /// What the membership has for a member to prove itself by.
    pub(crate) fn recorded_key(&self, node: NodeId) -> Option<KeyHash> {
        self.with_metrics(|metrics| {
            let membership = metrics.membership_config.membership();
            membership.get_node(&node.0)?.key
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
        let cluster_id = self.cluster.get().ok_or(MembershipError::NoLeader)?;
        let mut client = self.peers.connect(node, peer_address)?;
        let request = InviteRequest {
            node_id: node.0,
            cluster_id: cluster_id.to_vec(),
            term: self.term(),
            nonce: nonce.to_vec(),
            route: Some(self.route_to(node)),
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
        let (listeners, addresses) = known
            .map(|known| (known.listeners, known.addresses))
            .unwrap_or_default();
        let registration = NodeRegistration {
            node,
            listen_ip,
            peer_address: peer_address.to_owned(),
            listeners,
            addresses,
        };
        let command = Command::RegisterNode(registration);
        match self.proposer.propose(command).await {
            Ok(Outcome::Refused(refusal)) => Err(MembershipError::Rejected(format!(
                "node {node} cannot have the listen IP {listen_ip}: {refusal}"
            ))),
            Ok(_) => Ok(()),
            Err(error) => Err(MembershipError::Failed(error.to_string())),
        }
    }

    /// Changes the members in a task of its own. It takes two entries to change voters, and whoever
    /// asked may go away in between: the second one is written all the same.
    pub(crate) async fn change(
        &self,
        change: ChangeMembers<u64, raft_store::PeerNode>,
        retain: bool,
    ) -> Result<(), MembershipError> {
        let (raft, limit) = (self.raft(), self.limits().change);
        let changing = tokio::spawn(change_when_settled(raft, change, retain, limit));
        let changed = timeout(limit, changing).await;
        let changed = changed.map_err(|_| {
            MembershipError::Failed(
                "no quorum has confirmed the change of members yet, and it may still come about: \
                 see `gatewayctl status`, then ask again"
                    .to_owned(),
            )
        })?;
        let not_changed =
            |error| MembershipError::Failed(format!("the membership did not change: {error}"));
        changed
            .map_err(|error| not_changed(error.to_string()))?
            .map_err(not_changed)
    }

    /// Every member, voters and learners, with its peer address.
    pub(crate) fn members(&self) -> BTreeMap<NodeId, String> {
        let recorded: Vec<_> = self.with_metrics(|metrics| {
            let membership = metrics.membership_config.membership();
            let nodes = membership.nodes();
            nodes
                .map(|(id, node)| (NodeId(*id), node.address.clone()))
                .collect()
        });
        let here = |(node, recorded)| (node, self.peers.addresses().of_member(node, recorded));
        recorded.into_iter().map(here).collect()
    }

    /// The voters; while they change, the old and the new ones.
    pub(crate) fn voters(&self) -> BTreeSet<NodeId> {
        self.with_metrics(|metrics| {
            let voters = metrics.membership_config.membership().voter_ids();
            voters.map(NodeId).collect()
        })
    }

    /// Whether it is a member, voter or not: asked for each message, so nothing is copied.
    pub(crate) fn has_member(&self, node: NodeId) -> bool {
        self.with_metrics(|metrics| {
            let membership = metrics.membership_config.membership();
            membership.get_node(&node.0).is_some()
        })
    }

    pub(crate) fn has_voter(&self, node: NodeId) -> bool {
        self.with_metrics(|metrics| {
            let membership = metrics.membership_config.membership();
            membership.voter_ids().any(|voter| voter == node.0)
        })
    }

    pub(crate) fn is_voter(&self) -> bool {
        self.has_voter(self.config.node)
    }

    /// Whether it is committed, as far as this node has applied, that it votes.
    pub(crate) fn is_committed_voter(&self) -> bool {
        self.reader.with(|applied| {
            let membership = applied.membership.membership();
            let mut voters = membership.voter_ids();
            voters.any(|voter| voter == self.config.node.0)
        })
    }

    /// The entry that made these the voters, committed or not.
    pub(crate) fn voters_since(&self) -> Option<LogId> {
        self.with_metrics(|metrics| *metrics.membership_config.log_id())
    }

    /// Whether there are voters beside this node, as far as its log goes.
    pub(crate) fn has_other_voters(&self) -> bool {
        self.voters().iter().any(|voter| *voter != self.config.node)
    }

    /// Whether this node's newest vote is for itself, or it never voted. Of a node that is catching
    /// up this is not true: it has promised itself to the leader that fills its log.
    pub(crate) fn last_voted_for_itself(&self) -> bool {
        self.with_metrics(|metrics| metrics.vote.leader_id.voted_for == self.config.node.0)
    }

    /// A newcomer goes on from the cluster's term, which may be further than a peer's word would take it.
    pub(crate) async fn go_on_from(&self, term: u64) -> Result<(), MembershipError> {
        if term <= self.term().saturating_add(TERM_STEP) {
            return Ok(());
        }
        // Nobody stands in node 0's name.
        let raised = self.raise_term(NodeId(0), term, true).await;
        raised.map_err(MembershipError::Failed)
    }

    /// From now on this node stands for election when it hears no leader.
    ///
    /// A node that was added empty may not, until it has once been level with the leader. Its log
    /// comes from the beginning, and there the founder is alone. If this node has the founder's id,
    /// because that one lost its disk and was added again, it would elect itself by those first
    /// entries, and found a second cluster on them (S1, S2). Its vote tells it from the founder.
    pub(crate) fn may_stand(&self) {
        self.stand.store(true, Ordering::SeqCst);
        self.enable_elections();
    }

    /// Has Raft stand for election when it hears no leader, if nothing is against it, and else not.
    pub(crate) fn enable_elections(&self) {
        let stands = || {
            self.stand.load(Ordering::SeqCst)
                && self.notes.gate.is_level()
                && self.is_where_peers_have_it()
        };
        self.raft.enable_elections(stands);
    }
}

/// Changes the members once no other change is under way. One whose asker went away is written all the
/// same, and Raft takes one at a time.
async fn change_when_settled(
    raft: RaftNode,
    change: ChangeMembers<u64, raft_store::PeerNode>,
    retain: bool,
    limit: Duration,
) -> Result<(), String> {
    loop {
        let error = match raft.change_membership(change.clone(), retain).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if !is_under_way(&error) {
            return Err(error.to_string());
        }
        let wait = raft.wait(Some(limit));
        let settled = wait.metrics(
            |metrics| metrics.local_committed >= *metrics.membership_config.log_id(),
            "the change of members that is under way",
        );
        settled.await.map_err(|error| error.to_string())?;
    }
}

fn is_under_way(error: &RaftError<TypeConfig, ClientWriteError<TypeConfig>>) -> bool {
    matches!(
        error.api_error(),
        Some(ClientWriteError::ChangeMembershipError(
            ChangeMembershipError::InProgress(_)
        ))
    )
}
