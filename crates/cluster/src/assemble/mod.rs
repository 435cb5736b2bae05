//! Puts a node together: each part gets the handles that it needs, from the ground up.

mod parts;
mod tasks;

use crate::bounds::voter_change::{Voters, voters_of};
use crate::clock::LeaderClock;
use crate::config::ClusterConfig;
use crate::explain::Explain;
use crate::identity::Identity;
use crate::node::{Cluster, Parts};
use crate::peer_server::{PeerHandles, Running};
use crate::profile::{self, LocalProfile};
use crate::propose::{Proposal, Propose, Proposer, RequestIds};
use crate::raft::{Ground, RaftHandle, RaftNode};
use crate::raft_view::RaftView;
use crate::registration::Registration;
use crate::serving::{Blockers, ServiceGate};
use crate::shutdown::Stop;
use crate::start_error::StartError;
use crate::tasks::Tasks;
use crate::timing::SharedLimits;
use crate::transport::{Connector, Peers, Reversions};
use ipam::KeyHash;
use raft_store::{LogTail, NoteBook, Release, SnapshotSpool, StateReader, Store, UnfinishedWrites};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// What a node reaches the world by. A real one has its host's disk and TCP; a simulation gives it
/// others (ADR 0012).
pub struct Surroundings {
    /// The open data directory.
    pub store: Store,
    /// The way to its peers.
    pub connector: Arc<dyn Connector>,
}

/// A node whose tasks do not run yet.
pub(crate) struct Assembled {
    pub(crate) parts: Arc<Parts>,
    pub(crate) handles: Arc<PeerHandles>,
    tasks: Tasks,
    release: Release,
}

impl Assembled {
    /// Starts its tasks. `server` is what its peers reach it by, if that is a port.
    pub(crate) fn begin(self, server: Option<Running>) -> Cluster {
        let Parts {
            raft,
            gate,
            serving,
            profile,
            ..
        } = &*self.parts;
        let stop = Stop {
            raft: Arc::clone(raft),
            gate: Arc::clone(gate),
            serving: Arc::clone(serving),
            profile: Arc::clone(profile),
            server: Mutex::new(server),
            tasks: Mutex::new(self.tasks.spawn(raft, gate)),
            release: Mutex::new(Some(self.release)),
        };
        Cluster::new(self.parts, stop)
    }
}

/// What nearly every part needs.
struct Base {
    config: ClusterConfig,
    identity: Arc<Identity>,
    limits: SharedLimits,
    view: RaftView,
    raft: Arc<RaftHandle>,
    reader: StateReader,
    peers: Peers,
    reversions: Reversions,
    gate: Arc<ServiceGate>,
    blockers: Arc<Blockers>,
    proposer: Proposer,
    propose: Arc<dyn Propose>,
    registration: Arc<Registration>,
}

/// What the store gives to some part.
struct FromStore {
    local: LocalProfile,
    notes: NoteBook,
    tail: LogTail,
    unfinished: UnfinishedWrites,
    spool: SnapshotSpool,
    poisoned: Option<String>,
    /// The voters of which this node may be left alone.
    pair: Option<Voters>,
}

/// Puts a node together on an open store.
pub(crate) async fn assemble(
    config: ClusterConfig,
    limits: SharedLimits,
    surroundings: Surroundings,
    key: Option<KeyHash>,
) -> Result<Assembled, StartError> {
    let Surroundings { store, connector } = surroundings;
    let local = LocalProfile::read(store.local)?;
    limits.set(profile::limits_at_start(&config, &store.reader, &local));
    let peers = Peers::new(connector);
    let reversions = Reversions::default();
    let (tail, unfinished) = (store.log.tail(), store.log.unfinished_writes());
    let spool = store.state_machine.spool();
    let (feed, view) = RaftView::new(config.node);
    let ground = Ground {
        node: config.node,
        peers: peers.clone(),
        limits: limits.clone(),
        cluster: store.cluster.clone(),
        view: view.clone(),
        snapshots: config.snapshots,
        reversions: reversions.clone(),
        log: store.log,
        state_machine: store.state_machine,
    };
    let raft = RaftHandle::start(ground, feed, limits.now().timings).await?;
    let initialized = raft.now().is_initialized().await;
    let has_data = initialized.map_err(|error| StartError::Raft(error.to_string()))?;
    let pair = match config.alone {
        true => pair_of_voters(&raft.now()).await?,
        false => None,
    };
    let from_store = FromStore {
        local,
        notes: store.notes,
        tail,
        unfinished,
        spool,
        poisoned: store.poisoned,
        pair,
    };
    let identity = Arc::new(Identity::new(&config, key, store.cluster));
    let (proposer, queue) = Proposer::new(RequestIds::from(identity.instance));
    let base = Base {
        registration: Arc::new(Registration::new(Arc::clone(&identity))),
        identity,
        gate: Arc::new(ServiceGate::new(limits.clone())),
        limits,
        view,
        raft: Arc::new(raft),
        reader: store.reader,
        peers,
        reversions,
        blockers: Arc::default(),
        propose: Arc::new(proposer.clone()),
        proposer,
        config,
    };
    if let Some(poisoned) = &from_store.poisoned {
        base.gate.fail(poisoned.clone());
    }
    Ok(base.assemble(from_store, queue, has_data, store.release))
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

impl Base {
    fn assemble(
        self,
        store: FromStore,
        queue: mpsc::Receiver<Proposal>,
        has_data: bool,
        release: Release,
    ) -> Assembled {
        let admitted = self.admitted(store.notes, store.tail, &store.poisoned, has_data);
        let seen = self.seen(&admitted, store.unfinished);
        let members = self.members(&admitted, &seen);
        let clock = Arc::new(LeaderClock::default());
        let explain = Arc::new(Explain::new(
            Arc::clone(&self.identity),
            self.view.clone(),
            self.peers.clone(),
        ));
        let profile = Arc::new(self.takeover(store.local, &seen, &members));
        let is_poisoned = store.poisoned.is_some();
        let handles = self.handles(
            &admitted,
            &seen,
            &members,
            &explain,
            (store.poisoned, store.pair, store.spool),
        );
        let mut tasks = Tasks::default();
        self.write_tasks(&mut tasks, queue, &clock, &admitted, &seen);
        self.watch_tasks(&mut tasks, &profile, &admitted, &seen, &members);
        let parts = Parts {
            is_poisoned,
            status: self.status(&seen),
            join: self.join(&admitted, &seen, &members),
            raft: self.raft,
            view: self.view,
            reader: self.reader,
            clock,
            proposer: self.proposer,
            admission: admitted.admission,
            gate: self.gate,
            blockers: self.blockers,
            serving: seen.serving,
            changes: members.changes,
            change_member: members.change_member,
            leadership: members.leadership,
            registration: self.registration,
            profile,
            explain,
        };
        Assembled {
            parts: Arc::new(parts),
            handles: Arc::new(handles),
            tasks,
            release,
        }
    }
}
