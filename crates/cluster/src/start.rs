//! How a node starts: on this host's disk and network, or in surroundings that its caller made.

use crate::config::{ClusterConfig, Snapshots, Timings};
use crate::local_profile::LocalProfile;
use crate::node::{Cluster, Inner, Parts, Stop};
use crate::peer_server::voter_change::{Voters, voters_of};
use crate::profile;
use crate::propose::{Proposal, Proposer};
use crate::raft_handle::{Ground, RaftHandle, RaftNode};
use crate::reversion::Reversions;
use crate::serve::{self, PeerHandler, ServeError};
use crate::tasks;
use crate::timing::{Limits, SharedLimits};
use crate::tls::{Credentials, TlsError};
use crate::transport::{Connector, Peers, TcpConnector};
use ipam::{KeyHash, Refusal};
use openraft::Config;
use raft_store::{OpenOptions, Release, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

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

/// What a node reaches the world by. A real one has its host's disk and TCP; a simulation gives it
/// others (ADR 0012).
pub struct Surroundings {
    /// The open data directory.
    pub store: Store,
    /// The way to its peers.
    pub connector: Arc<dyn Connector>,
}

impl Cluster {
    /// Opens the data directory and takes part. Returns once peers can reach this node; whether
    /// it has a cluster to be part of yet, [`Cluster::begin`] tells.
    pub async fn start(config: ClusterConfig) -> Result<Self, StartError> {
        let credentials = load_credentials(&config)?;
        let store = open_store(&config).await?;
        let limits = first_limits(&config);
        let connector = Arc::new(TcpConnector::new(credentials.clone(), limits.clone()));
        let key = credentials.as_ref().and_then(Credentials::key);
        let assembled = assemble(config, limits, Surroundings { store, connector }, key).await?;
        let inner = Arc::clone(&assembled.inner);
        let (stop, stopped) = oneshot::channel();
        let serve = serve::bind(Arc::clone(&inner), credentials, stopped).await?;
        let server = tokio::spawn(async move {
            if let Err(error) = serve.await {
                inner.fail(format!(
                    "its peer server has stopped ({error}): restart gatewayd"
                ));
            }
        });
        Ok(assembled.begin(Some((stop, server))))
    }

    /// The same in surroundings of the caller's, who hands what peers ask of this node to the
    /// handler. Its timers and tasks are those of the calling tokio runtime.
    pub async fn start_in(
        config: ClusterConfig,
        surroundings: Surroundings,
    ) -> Result<(Self, PeerHandler), StartError> {
        let limits = first_limits(&config);
        let assembled = assemble(config, limits, surroundings, None).await?;
        let handler = serve::handler(Arc::clone(&assembled.inner));
        Ok((assembled.begin(None), handler))
    }
}

/// A node whose tasks do not run yet.
struct Assembled {
    inner: Arc<Inner>,
    queue: mpsc::Receiver<Proposal>,
    release: Release,
}

impl Assembled {
    fn begin(self, server: Option<serve::Running>) -> Cluster {
        let tasks = tasks::spawn(&self.inner, self.queue);
        Cluster::new(self.inner, Stop::new(server, tasks, self.release))
    }
}

async fn assemble(
    config: ClusterConfig,
    limits: SharedLimits,
    surroundings: Surroundings,
    key: Option<KeyHash>,
) -> Result<Assembled, StartError> {
    let Surroundings { store, connector } = surroundings;
    let local = LocalProfile::read(store.local)?;
    limits.set(profile::limits_at_start(&config, &store.reader, &local));
    let tail = store.log.tail();
    let peers = Peers::new(connector);
    let reversions = Reversions::default();
    let unfinished = store.log.unfinished_writes();
    let spool = store.state_machine.spool();
    let ground = Ground {
        node: config.node,
        peers: peers.clone(),
        limits: limits.clone(),
        cluster: store.cluster.clone(),
        snapshots: config.snapshots,
        reversions: reversions.clone(),
        log: store.log,
        state_machine: store.state_machine,
    };
    let raft = RaftHandle::start(ground, limits.now().timings).await?;
    let initialized = raft.now().is_initialized().await;
    let has_data = initialized.map_err(|error| StartError::Raft(error.to_string()))?;
    let poisoned = store.poisoned;
    let pair = match config.alone {
        true => pair_of_voters(&raft.now()).await?,
        false => None,
    };
    let (proposer, queue) = Proposer::new();
    let parts = Parts {
        config,
        raft,
        limits,
        local,
        reader: store.reader,
        spool,
        unfinished,
        proposer,
        peers,
        reversions,
        cluster: store.cluster,
        key,
        poisoned: poisoned.clone(),
        pair,
        notes: store.notes,
        tail,
    };
    let inner = Arc::new(Inner::new(parts, has_data));
    if let Some(poisoned) = poisoned {
        inner.fail(poisoned);
    }
    Ok(Assembled {
        inner,
        queue,
        release: store.release,
    })
}

/// The voters, if the log names just two.
async fn pair_of_voters(raft: &RaftNode) -> Result<Option<Voters>, StartError> {
    let voters =
        raft.with_raft_state(|state| voters_of(state.membership_state.effective().membership()));
    let voters = voters
        .await
        .map_err(|error| StartError::Raft(error.to_string()))?;
    Ok(Some(voters).filter(|voters| voters.len() == 2))
}

/// Until the store has been looked at.
fn first_limits(config: &ClusterConfig) -> SharedLimits {
    SharedLimits::new(Limits::of_newcomer(config.timings))
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

/// How many purgeable entries are let gather at most before they are removed.
const LARGEST_PURGE: u64 = 512;

/// `stands`: whether it is known already that this node may stand for election, see
/// `Inner::may_stand`.
pub(crate) fn raft_config(
    timings: Timings,
    snapshots: Snapshots,
    stands: bool,
) -> Result<Config, StartError> {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let config = Config {
        cluster_name: "gatewayd".to_owned(),
        heartbeat_interval: millis(timings.heartbeat),
        election_timeout_min: millis(timings.election_min),
        election_timeout_max: millis(timings.election_max),
        install_snapshot_timeout: 10_000,
        snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(snapshots.entries_between),
        max_in_snapshot_log_to_keep: snapshots.entries_kept,
        max_payload_entries: snapshots.entries_per_append,
        // Entries are removed in steps of some size, and a small log must shrink too.
        purge_batch_size: (snapshots.entries_between / 4).clamp(1, LARGEST_PURGE),
        // A leader that restarts fast must not resume without an election: its state may be stale.
        enable_leader_restore: Some(false),
        // A node that was cut off must not depose a working leader when it comes back.
        enable_pre_vote: Some(true),
        // A follower whose log went back is filled again (see `crate::reversion`): a leader that takes
        // it for level would wait for ever.
        allow_log_reversion: Some(true),
        enable_elect: stands,
        ..Config::default()
    };
    config
        .validate()
        .map_err(|error| StartError::Timings(error.to_string()))
}
