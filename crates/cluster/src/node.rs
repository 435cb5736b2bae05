//! A node: the handle that others hold, and its parts. It decides nothing: each question goes to the part that owns
//! the answer.

use crate::admission::Admission;
use crate::clock::LeaderClock;
use crate::config::Start;
use crate::explain::{Explain, Explainer, SeenPacket};
use crate::join::Join;
use crate::membership::{ChangeMember, Changes, LeadershipTransfer, MemberChange, MembershipError};
use crate::profile::{ProfileStatus, Takeover};
use crate::propose::{ProposeError, Proposer};
use crate::raft::RaftHandle;
use crate::raft_view::RaftView;
use crate::registration::Registration;
use crate::serving::{Blockers, ReplicaStatus, ServiceGate, ServiceStatus, Serving};
use crate::shutdown::Stop;
use crate::start_error::StartError;
use crate::status::{ClusterStatus, StatusReport};
use ipam::{
    ClientKey, ClusterTime, Command, ForwardKey, Listener, NodeId, Outcome, Profile, RequestId,
    State,
};
use raft_store::{AppliedMark, Committed, StateReader};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// A running node. Clones share it.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) parts: Arc<Parts>,
    stop: Arc<Stop>,
}

/// The parts of a node, as far as its handle needs them.
pub(crate) struct Parts {
    /// Why nothing of what is on its disk may be used, if so: it takes part in nothing.
    pub(crate) is_poisoned: bool,
    pub(crate) raft: Arc<RaftHandle>,
    pub(crate) view: RaftView,
    pub(crate) reader: StateReader,
    pub(crate) clock: Arc<LeaderClock>,
    pub(crate) proposer: Proposer,
    pub(crate) admission: Arc<Admission>,
    pub(crate) gate: Arc<ServiceGate>,
    pub(crate) blockers: Arc<Blockers>,
    pub(crate) serving: Arc<Serving>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) change_member: Arc<ChangeMember>,
    pub(crate) leadership: Arc<LeadershipTransfer>,
    pub(crate) registration: Arc<Registration>,
    pub(crate) join: Join,
    pub(crate) profile: Arc<Takeover>,
    pub(crate) explain: Arc<Explain>,
    pub(crate) status: StatusReport,
}

impl Cluster {
    pub(crate) fn new(parts: Arc<Parts>, stop: Stop) -> Self {
        Self {
            parts,
            stop: Arc::new(stop),
        }
    }

    /// Becomes part of a cluster as `start` says and announces the listen IP. Returns once both
    /// are committed; that may take for ever while no quorum is in reach.
    pub async fn begin(&self, start: &Start) -> Result<(), StartError> {
        if self.parts.is_poisoned {
            // It takes part in nothing, and its status says why.
            std::future::pending::<()>().await;
        }
        self.parts.join.begin(start).await
    }

    /// Which node this is.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.parts.status.identity.node
    }

    /// Whether this node has a log, or is about to get its first entry.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.parts.admission.accepts_raft_rpcs()
    }

    /// An id for a request that this node takes. It stands in the logs of all nodes that have to do with the request,
    /// at debug level.
    #[must_use]
    pub fn new_request(&self) -> RequestId {
        self.parts.proposer.requests.next()
    }

    /// Proposes a command as a part of `request` and waits until it is committed and applied, on any node.
    pub async fn propose(
        &self,
        request: RequestId,
        command: Command,
    ) -> Result<Outcome, ProposeError> {
        self.parts.proposer.propose_for(request, command).await
    }

    /// Reads the state as of the last entry applied here. A follower may lag behind: this is for
    /// display and for hints, never for a promise.
    pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.parts.reader.with(|applied| read(&applied.state))
    }

    /// Committed events from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Committed> {
        self.parts.reader.events()
    }

    /// Wakes whenever entries have been applied.
    #[must_use]
    pub fn watch_applied(&self) -> watch::Receiver<AppliedMark> {
        self.parts.reader.marks()
    }

    /// Whether this node may answer clients now.
    #[must_use]
    pub fn service(&self) -> ServiceStatus {
        self.parts.serving.status()
    }

    /// Whether this node may answer clients, as it changes. A decision that has grown old by a
    /// standstill of the process is seen by [`Cluster::service`] alone.
    #[must_use]
    pub fn watch_service(&self) -> watch::Receiver<ServiceStatus> {
        self.parts.gate.watch()
    }

    /// How far this node's copy of the state may be trusted, as it changes.
    #[must_use]
    pub fn watch_replica_status(&self) -> watch::Receiver<ReplicaStatus> {
        self.parts.serving.watch_replica_status()
    }

    /// Takes this node out of service because a part of the daemon cannot serve, such as a lost
    /// listen IP; `None` says that this part can again. Its peers take over its clients.
    pub fn set_blocker(&self, part: &'static str, reason: Option<String>) {
        self.parts.blockers.set(part, reason);
    }

    /// On which ports this host listens, to be announced: by [`Cluster::begin`], and by
    /// [`Cluster::announce`] when it changes later.
    pub fn set_listeners(&self, listeners: BTreeMap<ForwardKey, Listener>) {
        self.parts.registration.set_listeners(listeners);
    }

    /// The host's addresses, to be announced likewise.
    pub fn set_host_addresses(&self, addresses: BTreeSet<IpAddr>) {
        self.parts.registration.set_host_addresses(addresses);
    }

    /// Announces this node anew if the cluster knows something else of it. Returns once that is
    /// committed, which may take for ever while no quorum is in reach.
    pub async fn announce(&self) -> Result<(), StartError> {
        self.parts.join.register().await
    }

    /// How this node sees the cluster.
    #[must_use]
    pub fn status(&self) -> ClusterStatus {
        self.parts.status.now()
    }

    /// Adds the node at `peer_address` as a voter. A node that does not lead has the leader do it.
    pub async fn add_node(&self, node: NodeId, peer_address: &str) -> Result<(), MembershipError> {
        let change = MemberChange::Add(node, peer_address.to_owned());
        self.parts.change_member.anywhere(&change).await
    }

    /// Removes a member. A node that does not lead has the leader do it.
    pub async fn remove_node(&self, node: NodeId) -> Result<(), MembershipError> {
        let change = MemberChange::Remove(node);
        self.parts.change_member.anywhere(&change).await
    }

    /// Why this node's storage has failed, if it has: its Raft has stopped, or will at its next write. It stays silent until it is
    /// started anew.
    #[must_use]
    pub fn storage_error(&self) -> Option<String> {
        self.parts.serving.storage_failure()
    }

    /// Has the log so far put into a snapshot. Returns when that is begun.
    pub async fn take_snapshot(&self) -> Result<(), MembershipError> {
        let begun = self.parts.raft.now().trigger().snapshot().await;
        begun.map_err(|error| MembershipError::NotDone(format!("no snapshot was taken: {error}")))
    }

    /// Has the voter `heir` lead. Only on the leader; returns when that is begun, and may come to
    /// nothing.
    pub async fn transfer_leadership(&self, heir: NodeId) -> Result<(), MembershipError> {
        self.parts.changes.require_leadership()?;
        self.parts.leadership.transfer(heir).await
    }

    /// The term in which this node leads, if it does and a quorum has answered it lately. A part of
    /// [`Cluster::status`], for who asks often: the simulation does.
    #[must_use]
    pub fn leads(&self) -> Option<u64> {
        let term = self.parts.view.leading_term()?;
        self.parts.serving.leads_a_quorum().then_some(term)
    }

    /// Whether a change of voters that this node knows of, be it committed or not, has no end yet: a quorum of
    /// both the old and the new ones is needed.
    #[must_use]
    pub fn is_changing_voters(&self) -> bool {
        self.parts.view.is_changing_voters()
    }

    /// How to ask this node's DHCP server from now on.
    pub fn set_explainer(&self, explainer: Explainer) {
        self.parts.explain.set_explainer(explainer);
    }

    /// What every member has seen of a client, or why a member did not say. In the order of their ids.
    pub async fn explain(
        &self,
        client: &ClientKey,
    ) -> Vec<(NodeId, Result<Vec<SeenPacket>, String>)> {
        self.parts.explain.everywhere(client).await
    }

    /// What the cluster clock would say if somebody wrote now, as this node estimates it. For display
    /// only: nothing may be decided by it (T5).
    #[must_use]
    pub fn clock_estimate(&self) -> ClusterTime {
        let clock = self.parts.reader.with(|applied| applied.state.clock());
        let has_quorum = self.parts.serving.status().has_quorum;
        self.parts.clock.estimate(clock, has_quorum)
    }

    /// Has this node alone go by `profile` until the cluster's is next set: for a cluster that has no
    /// quorum because of its profile.
    pub async fn set_local_profile(&self, profile: Profile) -> Result<(), String> {
        self.parts.profile.set_local(profile).await
    }

    /// The profile, and what would fit.
    #[must_use]
    pub fn profile(&self) -> ProfileStatus {
        self.parts.profile.status()
    }

    /// Stops taking part. What is on disk stays, and may be opened again once this returns: unless
    /// the disk hangs, which is logged. It is waited for some seconds, not for ever.
    pub async fn shutdown(&self) {
        self.stop.shutdown().await;
    }
}
