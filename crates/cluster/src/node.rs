//! A node: what its parts share, and the handle that others hold.

use crate::admission::Admission;
use crate::bootstrap;
use crate::change_turns::ChangeTurns;
use crate::clock::LeaderClock;
use crate::commits::Probe;
use crate::config::{ClusterConfig, Start};
use crate::explain::Explains;
use crate::health::Health;
use crate::local_profile::LocalProfile;
use crate::member_change::MemberChange;
use crate::membership::MembershipError;
use crate::notes::Notes;
use crate::patience::Patience;
use crate::peer_refusals::PeerRefusals;
use crate::peer_server::bounds::{MAX_INDEX, MAX_TERM};
use crate::progress::Progress;
use crate::propose::{ProposeError, Proposer};
use crate::raft_handle::{RaftHandle, RaftNode};
use crate::reversion::Reversions;
use crate::round_trips::RoundTrips;
use crate::serve;
use crate::service::ServiceStatus;
use crate::silenced::Silenced;
use crate::standing::Standing;
use crate::start::StartError;
use crate::status::ClusterStatus;
use crate::strangers::Strangers;
use crate::succession::Succession;
use crate::timing::{Limits, SharedLimits};
use crate::transport::Peers;
use api::proto::raft::Route;
use ipam::{Command, ForwardKey, KeyHash, Listener, MemberKey, NodeId, Outcome, State};
use openraft::AsyncRuntime;
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftMetrics;
use openraft::raft::VoteRequest;
use openraft::{Instant, ServerState};
use raft_store::{
    AppliedMark, ClusterIdFile, Committed, CommittedLeaderId, LogId, LogTail, NodeRuntime,
    NoteBook, PeerNode, Release, SnapshotSpool, StateReader, TypeConfig, UnfinishedWrites, Vote,
};
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long peers' connections may take to close when the node stops.
const CLOSE_CONNECTIONS: Duration = Duration::from_secs(2);

/// How long Raft may take to stop. It waits for writes that it has begun, and a disk may hang.
const STOP_RAFT: Duration = Duration::from_secs(5);
/// How long the store may take to close: longer than it waits for its own writer.
const CLOSE_STORE: Duration = Duration::from_secs(10);

/// A running node. Clones share it.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) inner: Arc<Inner>,
    stop: Arc<Stop>,
}

/// What has to end when a node stops.
pub(crate) struct Stop {
    server: Mutex<Option<serve::Running>>,
    tasks: Mutex<JoinSet<()>>,
    release: Mutex<Option<Release>>,
}

/// What the parts of a node share.
pub(crate) struct Inner {
    pub(crate) config: ClusterConfig,
    pub(crate) raft: RaftHandle,
    pub(crate) shared_limits: SharedLimits,
    pub(crate) local_profile: LocalProfile,
    /// Somebody has told this node which profile to go by.
    pub(crate) local_profile_set: Notify,
    pub(crate) round_trips: RoundTrips,
    pub(crate) reader: StateReader,
    /// Where snapshots of peers are received.
    pub(crate) spool: SnapshotSpool,
    /// What the storage waits for.
    pub(crate) unfinished: UnfinishedWrites,
    /// Which cluster this node belongs to, on its disk.
    pub(crate) cluster: ClusterIdFile,
    /// What this node proves itself by.
    pub(crate) key: Option<KeyHash>,
    /// Why nothing of what is on its disk may be used, if so.
    pub(crate) poisoned: Option<String>,
    /// The two voters of which this node may be left alone, see `ClusterConfig::alone`.
    pub(crate) pair: Option<BTreeSet<u64>>,
    pub(crate) admission: Admission,
    /// What members proved themselves by when they last asked something.
    pub(crate) seen_keys: Mutex<BTreeMap<NodeId, KeyHash>>,
    pub(crate) clock: LeaderClock,
    pub(crate) proposer: Proposer,
    pub(crate) peers: Peers,
    pub(crate) health: Health,
    /// The last decision; [`Inner::service_now`] is what is left of it.
    pub(crate) service: watch::Sender<ServiceStatus>,
    decided_at: Mutex<tokio::time::Instant>,
    pub(crate) standing: watch::Sender<Standing>,
    /// Who changes the members.
    pub(crate) change_turns: ChangeTurns,
    pub(crate) progress: Progress,
    /// Whether this node's state differs from that of most of its peers (S8).
    pub(crate) outvoted: AtomicBool,
    /// Nodes of other clusters that were heard.
    pub(crate) strangers: Strangers,
    /// Followers whose log went back.
    pub(crate) reversions: Reversions,
    /// What the members remember of each other's logs.
    pub(crate) notes: Notes,
    /// How far the log goes.
    pub(crate) tail: LogTail,
    /// Whether it may stand for election once its notes allow it.
    pub(crate) stand: AtomicBool,
    /// What this node asks the cluster for of its own.
    pub(crate) probe: Probe,
    /// The members of whom one is asked for a cluster (`GATEWAY_JOIN`), this node left out.
    pub(crate) join: OnceLock<Vec<String>>,
    /// Drawn at this start: see `HealthResponse` in raft.proto.
    pub(crate) instance: u64,
    /// Whether peers go by an address of this node that the membership has not yet.
    pub(crate) taken_over: AtomicBool,
    /// Whether it was told to found a cluster, and has not yet.
    pub(crate) founding: AtomicBool,
    stopping: AtomicBool,
    admitted: AtomicBool,
    silenced: Silenced,
    failed: watch::Sender<Option<String>>,
    /// On which ports the host listens, as this node announces it.
    listeners: Mutex<BTreeMap<ForwardKey, Listener>>,
    /// The host's addresses, as this node announces them.
    host_addresses: Mutex<BTreeSet<IpAddr>>,
    /// What peers were refused.
    pub(crate) refusals: Arc<PeerRefusals>,
    /// Whom a leader named to follow it.
    pub(crate) succession: Succession,
    /// What this node's DHCP server has seen of a client.
    pub(crate) explains: Explains,
}

impl Cluster {
    pub(crate) fn new(inner: Arc<Inner>, stop: Stop) -> Self {
        Self {
            inner,
            stop: Arc::new(stop),
        }
    }

    /// Becomes part of a cluster as `start` says and announces the listen IP. Returns once both
    /// are committed; that may take for ever while no quorum is in reach.
    pub async fn begin(&self, start: &Start) -> Result<(), StartError> {
        if self.inner.poisoned.is_some() {
            // It takes part in nothing, and its status says why.
            std::future::pending::<()>().await;
        }
        let has_data = self.inner.admitted.load(Ordering::SeqCst);
        bootstrap::begin(&self.inner, start, has_data).await?;
        self.inner.announce_address(start.others()).await;
        bootstrap::register(&self.inner).await?;
        bootstrap::stay(&self.inner, start).await;
        Ok(())
    }

    /// Whether this node has a log, or is about to get its first entry.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.inner.is_admitted()
    }

    /// Proposes a command and waits until it is committed and applied, on any node.
    pub async fn propose(&self, command: Command) -> Result<Outcome, ProposeError> {
        self.inner.proposer.propose(command).await
    }

    /// Reads the state as of the last entry applied here. A follower may lag behind: this is for
    /// display and for hints, never for a promise.
    pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.inner.reader.with(|applied| read(&applied.state))
    }

    /// Committed events from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Committed> {
        self.inner.reader.events()
    }

    /// Wakes whenever entries have been applied.
    #[must_use]
    pub fn watch_applied(&self) -> watch::Receiver<AppliedMark> {
        self.inner.reader.marks()
    }

    /// Whether this node may answer clients now.
    #[must_use]
    pub fn service(&self) -> ServiceStatus {
        self.inner.service_now()
    }

    /// Whether this node may answer clients, as it changes. A decision that has grown old by a
    /// standstill of the process is seen by [`Cluster::service`] alone.
    #[must_use]
    pub fn watch_service(&self) -> watch::Receiver<ServiceStatus> {
        self.inner.service.subscribe()
    }

    /// How far this node's copy of the state may be trusted, as it changes.
    #[must_use]
    pub fn watch_standing(&self) -> watch::Receiver<Standing> {
        self.inner.standing.subscribe()
    }

    /// Takes this node out of service because a part of the daemon cannot serve, such as a lost
    /// listen IP; `None` says that this part can again. Its peers take over its clients.
    pub fn silence(&self, part: &'static str, reason: Option<String>) {
        self.inner.silence(part, reason);
    }

    /// On which ports this host listens, to be announced: by [`Cluster::begin`], and by
    /// [`Cluster::announce`] when it changes later.
    pub fn set_listeners(&self, listeners: BTreeMap<ForwardKey, Listener>) {
        *lock(&self.inner.listeners) = listeners;
    }

    /// The host's addresses, to be announced likewise.
    pub fn set_host_addresses(&self, addresses: BTreeSet<IpAddr>) {
        *lock(&self.inner.host_addresses) = addresses;
    }

    /// Announces this node anew if the cluster knows something else of it. Returns once that is
    /// committed, which may take for ever while no quorum is in reach.
    pub async fn announce(&self) -> Result<(), StartError> {
        bootstrap::register(&self.inner).await
    }

    /// How this node sees the cluster.
    #[must_use]
    pub fn status(&self) -> ClusterStatus {
        self.inner.status()
    }

    /// Adds the node at `peer_address` as a voter. A node that does not lead has the leader do it.
    pub async fn add_node(&self, node: NodeId, peer_address: &str) -> Result<(), MembershipError> {
        let change = MemberChange::Add(node, peer_address.to_owned());
        self.inner.change_member(&change).await
    }

    /// Removes a member. A node that does not lead has the leader do it.
    pub async fn remove_node(&self, node: NodeId) -> Result<(), MembershipError> {
        self.inner.change_member(&MemberChange::Remove(node)).await
    }

    /// Stops taking part. What is on disk stays, and may be opened again once this returns: unless
    /// the disk hangs, which is logged. It is waited for some seconds, not for ever.
    pub async fn shutdown(&self) {
        self.inner.stopping.store(true, Ordering::SeqCst);
        self.inner
            .service
            .send_replace(ServiceStatus::silent("the node is stopping"));
        if timeout(STOP_RAFT, self.inner.raft.release()).await.is_err() {
            tracing::error!(
                "Raft is being started anew and has not ended within {STOP_RAFT:?}: {}",
                self.waits_for()
            );
        }
        self.inner.local_profile.release();
        match timeout(STOP_RAFT, self.inner.raft().shutdown()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "Raft did not stop cleanly"),
            Err(_) => {
                tracing::error!(
                    "Raft has not stopped within {STOP_RAFT:?}: {}",
                    self.waits_for()
                );
            }
        }
        self.stop.close_connections().await;
        let mut tasks = std::mem::take(&mut *lock(&self.stop.tasks));
        tasks.shutdown().await;
        let release = lock(&self.stop.release).take();
        if let Some(release) = release {
            let released = timeout(CLOSE_STORE, release.released()).await;
            if released.is_err() {
                tracing::error!(
                    "the data directory is not free after {CLOSE_STORE:?}, and stays locked until \
                     this process ends: {}",
                    self.waits_for()
                );
            }
        }
    }

    /// What a node that does not stop waits for.
    fn waits_for(&self) -> String {
        let hung = self.inner.hung_storage();
        hung.unwrap_or_else(|| "something holds it that is not the disk: this is a bug".to_owned())
    }
}

impl Stop {
    pub(crate) fn new(
        server: Option<serve::Running>,
        tasks: JoinSet<()>,
        release: Release,
    ) -> Self {
        Self {
            server: Mutex::new(server),
            tasks: Mutex::new(tasks),
            release: Mutex::new(Some(release)),
        }
    }

    async fn close_connections(&self) {
        let Some((stop, server)) = lock(&self.server).take() else {
            return;
        };
        drop(stop);
        let abort = server.abort_handle();
        if timeout(CLOSE_CONNECTIONS, server).await.is_err() {
            abort.abort();
        }
    }
}

/// The value, whatever became of whoever held the lock before.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a node is put together from.
pub(crate) struct Parts {
    pub(crate) config: ClusterConfig,
    pub(crate) raft: RaftHandle,
    pub(crate) limits: SharedLimits,
    pub(crate) local: LocalProfile,
    pub(crate) reader: StateReader,
    pub(crate) spool: SnapshotSpool,
    pub(crate) unfinished: UnfinishedWrites,
    pub(crate) proposer: Proposer,
    pub(crate) peers: Peers,
    pub(crate) reversions: Reversions,
    pub(crate) cluster: ClusterIdFile,
    pub(crate) key: Option<KeyHash>,
    pub(crate) poisoned: Option<String>,
    pub(crate) pair: Option<BTreeSet<u64>>,
    pub(crate) notes: NoteBook,
    pub(crate) tail: LogTail,
}

impl Inner {
    /// A node that is starting. One that has data is admitted already.
    pub(crate) fn new(parts: Parts, has_data: bool) -> Self {
        let refusals = Arc::clone(parts.peers.term_raises().refusals());
        Self {
            config: parts.config,
            raft: parts.raft,
            shared_limits: parts.limits,
            local_profile: parts.local,
            local_profile_set: Notify::new(),
            round_trips: RoundTrips::default(),
            reader: parts.reader,
            spool: parts.spool,
            unfinished: parts.unfinished,
            cluster: parts.cluster,
            key: parts.key,
            poisoned: parts.poisoned,
            pair: parts.pair,
            admission: Admission::default(),
            seen_keys: Mutex::default(),
            clock: LeaderClock::default(),
            proposer: parts.proposer,
            peers: parts.peers,
            health: Health::default(),
            service: watch::Sender::new(ServiceStatus::silent("the node is starting")),
            decided_at: Mutex::new(tokio::time::Instant::now()),
            standing: watch::Sender::default(),
            change_turns: ChangeTurns::default(),
            progress: Progress::default(),
            outvoted: AtomicBool::new(false),
            strangers: Strangers::default(),
            reversions: parts.reversions,
            notes: Notes::new(parts.notes, has_data),
            tail: parts.tail,
            stand: AtomicBool::new(false),
            probe: Probe::default(),
            join: OnceLock::new(),
            instance: NodeRuntime::thread_rng().random(),
            taken_over: AtomicBool::new(false),
            founding: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            admitted: AtomicBool::new(has_data),
            silenced: Silenced::default(),
            failed: watch::Sender::default(),
            listeners: Mutex::default(),
            host_addresses: Mutex::default(),
            refusals,
            succession: Succession::default(),
            explains: Explains::default(),
        }
    }

    /// The Raft that runs now.
    pub(crate) fn raft(&self) -> RaftNode {
        self.raft.now()
    }

    /// What it concludes from how long its peers are silent, now.
    pub(crate) fn patience(&self) -> Patience {
        Patience::of(self.limits().profile)
    }

    /// How long this node waits for its peers, now.
    pub(crate) fn limits(&self) -> Limits {
        self.shared_limits.now()
    }

    /// Whether this node may answer clients now.
    pub(crate) fn service_now(&self) -> ServiceStatus {
        let age = lock(&self.decided_at).elapsed();
        let limits = self.limits();
        let round = limits.health_interval + limits.health_timeout;
        self.service.borrow().after(age, round)
    }

    /// To be called after a decision is published: an old one must not look new in between.
    pub(crate) fn decided_now(&self) {
        *lock(&self.decided_at) = tokio::time::Instant::now();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether this node answers Raft requests: see `Invite` in raft.proto.
    pub(crate) fn is_admitted(&self) -> bool {
        self.admitted.load(Ordering::SeqCst)
    }

    pub(crate) fn admit(&self) {
        self.admitted.store(true, Ordering::SeqCst);
    }

    pub(crate) fn with_metrics<T>(&self, read: impl FnOnce(&RaftMetrics<TypeConfig>) -> T) -> T {
        read(&self.raft().metrics().borrow_watched())
    }

    /// Takes this node out of service for good: a part of it is gone.
    pub(crate) fn fail(&self, reason: String) {
        tracing::error!("{reason}");
        self.service.send_replace(ServiceStatus::silent(&reason));
        // Others may end because this one has.
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            if first {
                *failed = Some(reason);
            }
            first
        });
    }

    /// News of parts that are gone.
    pub(crate) fn watch_failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.subscribe()
    }

    /// Which part of this node is gone, if one is.
    pub(crate) fn failed(&self) -> Option<String> {
        self.failed.borrow().clone()
    }

    /// On which ports the host listens.
    pub(crate) fn listeners(&self) -> BTreeMap<ForwardKey, Listener> {
        lock(&self.listeners).clone()
    }

    /// The host's addresses.
    pub(crate) fn host_addresses(&self) -> BTreeSet<IpAddr> {
        lock(&self.host_addresses).clone()
    }

    /// Takes this node out of service because `part` of it cannot serve; `None`: it can again.
    pub(crate) fn silence(&self, part: &'static str, reason: Option<String>) {
        self.silenced.set(part, reason);
    }

    /// Why the daemon took this node out of service, if it did.
    pub(crate) fn silenced(&self) -> Option<String> {
        self.silenced.reason()
    }

    /// The leader that this node knows, and its peer address.
    pub(crate) fn leader(&self) -> Option<(NodeId, String)> {
        let (leader, recorded) = self.with_metrics(|metrics| {
            let leader = metrics.current_leader?;
            let node = metrics.membership_config.membership().get_node(&leader)?;
            Some((NodeId(leader), node.address.clone()))
        })?;
        let address = self.peers.addresses().of_member(leader, recorded);
        Some((leader, address))
    }

    /// The term that this node leads.
    pub(crate) fn leading_term(&self) -> Option<u64> {
        self.with_metrics(|metrics| {
            (metrics.state == ServerState::Leader).then_some(metrics.current_term)
        })
    }

    pub(crate) fn term(&self) -> u64 {
        self.with_metrics(|metrics| metrics.current_term)
    }

    /// Whether this node leads and a quorum has answered it lately (S11).
    pub(crate) fn leads_a_quorum(&self) -> bool {
        let counts = self.limits();
        let trip = self.health.round_trip(counts.health_valid);
        let counts = self.patience().quorum_counts(trip);
        self.with_metrics(|metrics| {
            let alone = metrics.membership_config.membership().voter_ids().count() == 1;
            let acked = metrics
                .last_quorum_acked
                .as_ref()
                .is_some_and(|acked| acked.elapsed() < counts);
            metrics.state == ServerState::Leader && (alone || acked)
        })
    }

    /// Why the storage has failed, if it has.
    pub(crate) fn storage_failure(&self) -> Option<String> {
        self.raft_failure().or_else(|| self.notes.failure())
    }

    /// Why Raft has stopped, if it has: a storage error is fatal to the node.
    pub(crate) fn raft_failure(&self) -> Option<String> {
        if self.raft.is_restarting() {
            return None;
        }
        self.with_metrics(|metrics| {
            metrics
                .running_state
                .as_ref()
                .err()
                .map(ToString::to_string)
        })
    }

    /// The cluster that this node belongs to, as messages have it; empty before it belongs to one.
    pub(crate) fn cluster_bytes(&self) -> Vec<u8> {
        self.cluster.get().map(Vec::from).unwrap_or_default()
    }

    /// What a member of this id and address is in the membership.
    pub(crate) fn own_record(&self) -> PeerNode {
        PeerNode::new(self.config.peer_address.clone()).with_key(self.key)
    }

    /// Whether this key was removed with a member: for good (S12).
    pub(crate) fn has_removed_key(&self, key: Option<&KeyHash>) -> bool {
        let is_removed = |key| {
            self.reader
                .with(|applied| applied.state.removed().has_key(key))
        };
        key.is_some_and(is_removed)
    }

    /// Whether this caller is a member that was removed (S12).
    pub(crate) fn is_removed(&self, caller: MemberKey) -> bool {
        let is_member = self.has_member(caller.node);
        self.reader
            .with(|applied| applied.state.removed().contains(caller, is_member))
    }

    /// Goes to `term` as if `towards` had asked for a vote in it, which nobody is told that it got.
    /// Does nothing where the term is that high already.
    pub(crate) async fn raise_term(
        &self,
        towards: NodeId,
        term: u64,
        past_the_lease: bool,
    ) -> Result<(), String> {
        // The term is all that matters of it: no log is longer than this one.
        let longest = LogId::new(CommittedLeaderId::new(MAX_TERM), MAX_INDEX);
        let vote = Vote::new(term.min(MAX_TERM), towards.0);
        let mut asked = VoteRequest::<TypeConfig>::new(vote, Some(longest));
        asked.leadership_transfer = past_the_lease;
        let raised = self.raft().vote(asked).await;
        raised.map(drop).map_err(|error| error.to_string())
    }

    /// Who a request is from and for.
    pub(crate) fn route_to(&self, node: NodeId) -> Route {
        Route {
            from: self.config.node.0,
            to: node.0,
            cluster_id: self.cluster_bytes(),
        }
    }

    /// Waits until this node no longer takes `leader` for the leader.
    pub(crate) async fn leadership_ends(&self, leader: NodeId) {
        let mut metrics = self.raft.server_metrics();
        let leads = |inner: &Self| inner.leader().is_some_and(|(now, _)| now == leader);
        while leads(self) {
            metrics.changed().await;
        }
    }

    /// Waits until another leader is known, or this node begins or ceases to lead; at most `limit`.
    /// Who asks again and again must not spin: a receiver of
    /// Raft's metrics is told at once of what changed before it was made.
    pub(crate) async fn wait_for_leader_change(&self, limit: Duration) {
        let mut metrics = self.raft.server_metrics();
        let before = (self.leader(), self.leading_term());
        let change = async {
            while (self.leader(), self.leading_term()) == before {
                metrics.changed().await;
            }
        };
        // Both ends of the wait mean the same to the caller: look again.
        drop(timeout(limit, change).await);
    }
}
