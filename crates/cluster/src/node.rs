//! A node: what its parts share, how it starts and stops, and the handle that others hold.

use crate::batcher;
use crate::bootstrap;
use crate::clock::LeaderClock;
use crate::config::{ClusterConfig, Start, Timings};
use crate::health::{self, Health};
use crate::membership::MembershipError;
use crate::propose::{Proposal, ProposeError, Proposer};
use crate::server::{self, ServeError};
use crate::service::ServiceStatus;
use crate::status::ClusterStatus;
use crate::ticker;
use crate::tls::{Credentials, TlsError};
use crate::transport::{NetworkFactory, Peers};
use api::proto::raft::Route;
use futures::FutureExt;
use ipam::{Command, NodeId, Outcome, Refusal, State};
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftMetrics;
use openraft::{Config, Instant, Raft, ServerState};
use raft_store::{
    AppliedMark, Committed, OpenOptions, Release, StateMachine, StateReader, Store, TypeConfig,
};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Log entries between two snapshots.
const ENTRIES_PER_SNAPSHOT: u64 = 10_000;
/// Entries kept behind a snapshot, so that a node that was away briefly catches up by log.
const ENTRIES_KEPT: u64 = 5_000;

/// How long peers' connections may take to close when the node stops.
const CLOSE_CONNECTIONS: Duration = Duration::from_secs(2);

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error("opening the data directory")]
    Store(#[from] raft_store::StoreError),
    /// Raft's timers.
    #[error("the Raft timers are invalid: {0}")]
    Timings(String),
    /// Raft itself.
    #[error("starting Raft: {0}")]
    Raft(String),
    /// The first entry of a new cluster.
    #[error("initialising the cluster: {0}")]
    Initialize(String),
    /// The cluster-wide configuration.
    #[error("the cluster-wide configuration is refused: {0}")]
    Bootstrap(#[source] Refusal),
    /// There is a cluster already.
    #[error(
        "{0} has a cluster already, and a second one would give out the same addresses again: \
         start without --bootstrap to join it"
    )]
    ClusterExists(String),
    /// The leader does not let this node in.
    #[error("the cluster refuses this node: {0}")]
    Rejected(String),
    /// Another node, a client or the router has this node's listen IP.
    #[error(
        "the listen IP is refused: {0}; set GATEWAY_DHCP_LISTEN_IP to an address of this host's own"
    )]
    ListenIp(#[source] Refusal),
    /// The certificates for the peer port.
    #[error("preparing TLS for the peer port")]
    Tls(#[from] TlsError),
    /// The peer port.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// A running node. Clones share it.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
    stop: Arc<Stop>,
}

/// What has to end when a node stops.
struct Stop {
    server: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    tasks: Mutex<JoinSet<()>>,
    release: Mutex<Option<Release>>,
}

/// What the parts of a node share.
pub(crate) struct Inner {
    pub(crate) config: ClusterConfig,
    pub(crate) raft: Raft<TypeConfig, StateMachine>,
    pub(crate) reader: StateReader,
    pub(crate) clock: LeaderClock,
    pub(crate) proposer: Proposer,
    pub(crate) peers: Peers,
    pub(crate) health: Health,
    pub(crate) service: watch::Sender<ServiceStatus>,
    /// Held while the membership changes: Raft takes one change at a time.
    pub(crate) membership: tokio::sync::Mutex<()>,
    /// Whether this node has once been level with the leader since it started.
    pub(crate) caught_up: AtomicBool,
    /// Whether this node's state differs from that of most of its peers (S8).
    pub(crate) outvoted: AtomicBool,
    stopping: AtomicBool,
    admitted: AtomicBool,
    silenced: Mutex<Option<String>>,
    failed: Mutex<Option<String>>,
}

impl Cluster {
    /// Opens the data directory and takes part. Returns once peers can reach this node; whether
    /// it has a cluster to be part of yet, [`Cluster::begin`] tells.
    pub async fn start(config: ClusterConfig) -> Result<Self, StartError> {
        let credentials = load_credentials(&config)?;
        let store = open_store(&config).await?;
        let peers = Peers::new(credentials.clone());
        let network = NetworkFactory::new(peers.clone(), config.node, store.reader.clone());
        let raft_config = Arc::new(raft_config(config.timings)?);
        let raft = Raft::new(
            config.node.0,
            raft_config,
            network,
            store.log,
            store.state_machine,
        )
        .await;
        let raft = raft.map_err(|error| StartError::Raft(error.to_string()))?;
        let has_data = raft
            .is_initialized()
            .await
            .map_err(|error| StartError::Raft(error.to_string()))?;
        let (proposer, queue) = Proposer::new();
        let inner = Arc::new(Inner {
            config,
            raft,
            reader: store.reader,
            clock: LeaderClock::default(),
            proposer,
            peers,
            health: Health::default(),
            service: watch::Sender::new(ServiceStatus::silent("the node is starting")),
            membership: tokio::sync::Mutex::default(),
            caught_up: AtomicBool::new(false),
            outvoted: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            admitted: AtomicBool::new(has_data),
            silenced: Mutex::default(),
            failed: Mutex::default(),
        });
        let (stop_server, stopped) = oneshot::channel();
        let (server, tasks) = spawn_tasks(&inner, credentials, queue, stopped).await?;
        let stop = Arc::new(Stop {
            server: Mutex::new(Some((stop_server, server))),
            tasks: Mutex::new(tasks),
            release: Mutex::new(Some(store.release)),
        });
        Ok(Self { inner, stop })
    }

    /// Becomes part of a cluster as `start` says and announces the listen IP. Returns once both
    /// are committed; that may take for ever while no quorum is in reach.
    pub async fn begin(&self, start: &Start) -> Result<(), StartError> {
        let has_data = self.inner.admitted.load(Ordering::SeqCst);
        bootstrap::begin(&self.inner, start, has_data).await?;
        bootstrap::register(&self.inner).await
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
        self.inner.service.borrow().clone()
    }

    /// Whether this node may answer clients, as it changes.
    #[must_use]
    pub fn watch_service(&self) -> watch::Receiver<ServiceStatus> {
        self.inner.service.subscribe()
    }

    /// Takes this node out of service for a reason of its own, such as a lost listen IP, or puts it
    /// back with `None`. Its peers take over its clients.
    pub fn silence(&self, reason: Option<String>) {
        *lock(&self.inner.silenced) = reason;
    }

    /// How this node sees the cluster.
    #[must_use]
    pub fn status(&self) -> ClusterStatus {
        self.inner.status()
    }

    /// Adds the node at `peer_address` as a voter. Only on the leader.
    pub async fn add_node(&self, node: NodeId, peer_address: &str) -> Result<(), MembershipError> {
        self.inner.add_node(node, peer_address, false).await
    }

    /// Removes a member. Only on the leader.
    pub async fn remove_node(&self, node: NodeId) -> Result<(), MembershipError> {
        self.inner.remove_node(node).await
    }

    /// Stops taking part. What is on disk stays, and may be opened again once this returns.
    pub async fn shutdown(&self) {
        self.inner.stopping.store(true, Ordering::SeqCst);
        self.inner
            .service
            .send_replace(ServiceStatus::silent("the node is stopping"));
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!(%error, "Raft did not stop cleanly");
        }
        self.stop.close_connections().await;
        let mut tasks = std::mem::take(&mut *lock(&self.stop.tasks));
        tasks.shutdown().await;
        let release = lock(&self.stop.release).take();
        if let Some(release) = release {
            release.released().await;
        }
    }
}

impl Stop {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn load_credentials(config: &ClusterConfig) -> Result<Option<Credentials>, TlsError> {
    let tls = config.tls.as_ref();
    tls.map(|tls| Credentials::load(tls, config.node))
        .transpose()
}

/// Reads the whole log and the newest snapshot, so not on a runtime thread.
async fn open_store(config: &ClusterConfig) -> Result<Store, StartError> {
    let options = OpenOptions::new(&config.data_dir, config.node.0);
    let opened = tokio::task::spawn_blocking(move || raft_store::open(&options)).await;
    Ok(opened.map_err(|error| StartError::Raft(error.to_string()))??)
}

async fn spawn_tasks(
    inner: &Arc<Inner>,
    credentials: Option<Credentials>,
    queue: mpsc::Receiver<Proposal>,
    stopped: oneshot::Receiver<()>,
) -> Result<(JoinHandle<()>, JoinSet<()>), StartError> {
    let mut tasks = JoinSet::new();
    let serve = server::bind(Arc::clone(inner), credentials, stopped).await?;
    let serving = Arc::clone(inner);
    let server = tokio::spawn(async move {
        if let Err(error) = serve.await {
            serving.fail(format!(
                "its peer server has stopped ({error}): restart gatewayd"
            ));
        }
    });
    tasks.spawn(supervise(
        inner,
        "batcher",
        batcher::run(Arc::clone(inner), queue),
    ));
    tasks.spawn(supervise(inner, "clock", anchor_clock(Arc::clone(inner))));
    tasks.spawn(supervise(inner, "ticker", ticker::run(Arc::clone(inner))));
    tasks.spawn(supervise(inner, "health", health::run(Arc::clone(inner))));
    Ok((server, tasks))
}

/// Runs a part that must not end before the node does. One that does, by a bug, takes the node out
/// of service: its view of the world is no longer kept up (L2).
fn supervise(
    inner: &Arc<Inner>,
    part: &'static str,
    run: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let inner = Arc::clone(inner);
    async move {
        let ended = AssertUnwindSafe(run).catch_unwind().await;
        if inner.stopping.load(Ordering::SeqCst) {
            return;
        }
        let how = if ended.is_ok() {
            "has ended"
        } else {
            "has panicked"
        };
        let reason = format!("its {part} task {how}: this is a bug, restart gatewayd");
        inner.fail(reason);
    }
}

/// Anchors the leader's clock as soon as an entry of its own term is applied.
async fn anchor_clock(inner: Arc<Inner>) {
    let mut applied = inner.reader.marks();
    let mut metrics = inner.raft.server_metrics();
    loop {
        let mark = *applied.borrow_and_update();
        let leading = inner.leading_term();
        if let Some(position) = mark
            .position
            .filter(|position| leading == Some(position.term))
        {
            inner.clock.anchor(position.term, mark.clock);
        }
        let changed = tokio::select! {
            changed = applied.changed() => changed.is_ok(),
            changed = metrics.changed() => changed.is_ok(),
        };
        if !changed {
            return;
        }
    }
}

fn raft_config(timings: Timings) -> Result<Config, StartError> {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let config = Config {
        cluster_name: "gatewayd".to_owned(),
        heartbeat_interval: millis(timings.heartbeat),
        election_timeout_min: millis(timings.election_min),
        election_timeout_max: millis(timings.election_max),
        install_snapshot_timeout: 10_000,
        snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(ENTRIES_PER_SNAPSHOT),
        max_in_snapshot_log_to_keep: ENTRIES_KEPT,
        purge_batch_size: 512,
        // A leader that restarts fast must not resume without an election: its state may be stale.
        enable_leader_restore: Some(false),
        // A node that was cut off must not depose a working leader when it comes back.
        enable_pre_vote: Some(true),
        ..Config::default()
    };
    config
        .validate()
        .map_err(|error| StartError::Timings(error.to_string()))
}

impl Inner {
    /// Whether this node answers Raft requests: see `Invite` in raft.proto.
    pub(crate) fn is_admitted(&self) -> bool {
        self.admitted.load(Ordering::SeqCst)
    }

    pub(crate) fn admit(&self) {
        self.admitted.store(true, Ordering::SeqCst);
    }

    pub(crate) fn with_metrics<T>(&self, read: impl FnOnce(&RaftMetrics<TypeConfig>) -> T) -> T {
        read(&self.raft.metrics().borrow_watched())
    }

    /// Takes this node out of service for good: a part of it is gone.
    fn fail(&self, reason: String) {
        tracing::error!("{reason}");
        self.service.send_replace(ServiceStatus::silent(&reason));
        *lock(&self.failed) = Some(reason);
    }

    /// Which part of this node is gone, if one is.
    pub(crate) fn failed(&self) -> Option<String> {
        lock(&self.failed).clone()
    }

    /// Why the daemon took this node out of service, if it did.
    pub(crate) fn silenced(&self) -> Option<String> {
        lock(&self.silenced).clone()
    }

    /// The leader that this node knows, and its peer address.
    pub(crate) fn leader(&self) -> Option<(NodeId, String)> {
        self.with_metrics(|metrics| {
            let leader = metrics.current_leader?;
            let node = metrics.membership_config.membership().get_node(&leader)?;
            Some((NodeId(leader), node.address.clone()))
        })
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

    /// Whether this node leads and a quorum has answered it within an election timeout.
    pub(crate) fn leads_a_quorum(&self) -> bool {
        self.with_metrics(|metrics| {
            let alone = metrics.membership_config.membership().voter_ids().count() == 1;
            let acked = metrics
                .last_quorum_acked
                .as_ref()
                .is_some_and(|acked| acked.elapsed() < self.config.timings.election_max);
            metrics.state == ServerState::Leader && (alone || acked)
        })
    }

    /// Why Raft has stopped, if it has: a storage error is fatal to the node.
    pub(crate) fn raft_failure(&self) -> Option<String> {
        self.with_metrics(|metrics| {
            metrics
                .running_state
                .as_ref()
                .err()
                .map(ToString::to_string)
        })
    }

    /// Who a request is from and for.
    pub(crate) fn route_to(&self, node: NodeId) -> Route {
        let cluster_id = self.reader.with(|applied| applied.state.cluster_id());
        Route {
            from: self.config.node.0,
            to: node.0,
            cluster_id: cluster_id.map(Vec::from).unwrap_or_default(),
        }
    }

    /// Waits until this node no longer takes `leader` for the leader.
    pub(crate) async fn leadership_ends(&self, leader: NodeId) {
        let mut metrics = self.raft.server_metrics();
        let leads = |inner: &Self| inner.leader().is_some_and(|(now, _)| now == leader);
        while leads(self) && metrics.changed().await.is_ok() {}
    }

    /// Waits until Raft's server metrics change, at most `limit`.
    pub(crate) async fn wait_for_leader_change(&self, limit: Duration) {
        let mut metrics = self.raft.server_metrics();
        // Both ends of the wait mean the same to the caller: look again.
        drop(timeout(limit, metrics.changed()).await);
    }
}
