//! The Raft that runs now: it may be replaced by one with other timers (ADR 0022).
//!
//! openraft's timers are fixed for the life of a Raft. So it is shut down, waited for until nothing of it
//! can write any more ([`raft_store::Loan`]), and a new one starts on the same open log and the same
//! state in memory: no record is read again, readers and subscribers notice nothing. To the others it is
//! a node that was silent for a moment.
//!
//! * **Invariants.** At most one Raft at a time has the log and the state (S8). Before the next one
//!   starts, all that the last one wrote is durable: it takes what it finds for durable (S2).
//! * **Cancel safety.** None: [`RaftHandle::restart`] runs in a task of its own that is not dropped while
//!   the node runs.

use crate::config::{Snapshots, Timings};
use crate::reversion::Reversions;
use crate::start::{StartError, raft_config};
use crate::timing::SharedLimits;
use crate::transport::{NetworkFactory, Peers};
use ipam::NodeId;
use openraft::Raft;
use openraft::async_runtime::WatchReceiver;
use openraft::type_config::alias::WatchReceiverOf;
use raft_store::{ClusterIdFile, Loan, LogStore, StateMachine, TypeConfig};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

/// openraft's, with our storage.
pub(crate) type RaftNode = Raft<TypeConfig, StateMachine>;

/// How long the old Raft may take to be gone. It waits for writes that it has begun, and a disk may hang.
const STOP: Duration = Duration::from_secs(5);

/// What every Raft of this node is made of.
pub(crate) struct Ground {
    pub(crate) node: NodeId,
    pub(crate) peers: Peers,
    pub(crate) limits: SharedLimits,
    pub(crate) cluster: ClusterIdFile,
    pub(crate) snapshots: Snapshots,
    pub(crate) reversions: Reversions,
    pub(crate) log: LogStore,
    pub(crate) state_machine: StateMachine,
}

/// The Raft that runs now.
pub(crate) struct RaftHandle {
    current: watch::Sender<RaftNode>,
    may_stand: std::sync::Mutex<bool>,
    restarting: AtomicBool,
    /// `None` once the node stops.
    ground: Mutex<Option<(Ground, Loan)>>,
}

/// Why Raft was not started with other timers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestartError {
    #[error("the old Raft has not ended within {STOP:?}")]
    StillThere,
    #[error("its writes did not become durable")]
    Store(#[from] raft_store::StoreError),
    #[error(transparent)]
    Start(#[from] StartError),
}

impl RaftHandle {
    /// Starts the first one.
    pub(crate) async fn start(ground: Ground, timings: Timings) -> Result<Self, StartError> {
        let stands = ipam::mutated!("s1_newcomer_stands");
        let loan = Loan::default();
        let raft = ground.start(&loan, timings, stands).await?;
        Ok(Self {
            current: watch::Sender::new(raft),
            may_stand: std::sync::Mutex::new(stands),
            restarting: AtomicBool::new(false),
            ground: Mutex::new(Some((ground, loan))),
        })
    }

    /// The one that runs now.
    pub(crate) fn now(&self) -> RaftNode {
        self.current.borrow().clone()
    }

    /// Whether it stands for election when it hears no leader: see `Inner::may_stand`. The next Raft
    /// does as this one. `stands` is asked where nobody else changes it: the last one to ask decides.
    pub(crate) fn enable_elections(&self, stands: impl FnOnce() -> bool) {
        let mut may_stand = self.lock_elections();
        *may_stand = stands() || ipam::mutated!("s1_newcomer_stands");
        self.now().runtime_config().elect(*may_stand);
    }

    fn lock_elections(&self) -> MutexGuard<'_, bool> {
        self.may_stand
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is none for a moment, on purpose.
    pub(crate) fn is_restarting(&self) -> bool {
        self.restarting.load(Ordering::SeqCst)
    }

    /// Waits until the Raft that runs has ended, and not to be replaced by another. Cancel-safe.
    pub(crate) async fn ended(&self) {
        let mut rafts = self.current.subscribe();
        loop {
            let mut metrics = rafts.borrow_and_update().metrics();
            while metrics.changed().await.is_ok() {}
            let replaced = self.is_restarting() || rafts.has_changed().unwrap_or(false);
            if !replaced {
                return;
            }
            if rafts.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Raft's metrics of leadership, whichever Raft it is.
    pub(crate) fn server_metrics(&self) -> ServerMetrics {
        let mut rafts = self.current.subscribe();
        let metrics = rafts.borrow_and_update().server_metrics();
        ServerMetrics { rafts, metrics }
    }

    /// Ends the Raft that runs, and starts one with other timers.
    pub(crate) async fn restart(&self, timings: Timings) -> Result<(), RestartError> {
        let mut ground = self.ground.lock().await;
        let Some((ground, loan)) = ground.as_mut() else {
            return Ok(());
        };
        self.restarting.store(true, Ordering::SeqCst);
        let old = self.now();
        let gone = async {
            // It ends whatever its task returns: the loan tells.
            drop(old.shutdown().await);
            loan.returned().await;
        };
        timeout(STOP, gone)
            .await
            .map_err(|_| RestartError::StillThere)?;
        ground.log.settle().await?;
        *loan = Loan::default();
        let raft = ground.start(loan, timings, false).await?;
        // Until it answers, its metrics name no members.
        let initialized = raft.is_initialized().await;
        initialized.map_err(|error| StartError::Raft(error.to_string()))?;
        let may_stand = self.lock_elections();
        raft.runtime_config().elect(*may_stand);
        self.current.send_replace(raft);
        drop(may_stand);
        self.restarting.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Lets go of the storage: there will be no other Raft.
    pub(crate) async fn release(&self) {
        drop(self.ground.lock().await.take());
    }
}

impl Ground {
    async fn start(
        &self,
        loan: &Loan,
        timings: Timings,
        stands: bool,
    ) -> Result<RaftNode, StartError> {
        let network = NetworkFactory::new(
            self.peers.clone(),
            self.limits.clone(),
            self.node,
            self.cluster.clone(),
            self.reversions.clone(),
        );
        let config = raft_config(timings, self.snapshots, stands)?;
        let (log, state_machine) = (self.log.lend(loan), self.state_machine.lend(loan));
        let raft = Raft::new(self.node.0, Arc::new(config), network, log, state_machine);
        let raft = raft
            .await
            .map_err(|error| StartError::Raft(error.to_string()))?;
        self.peers.addresses().follow(&raft);
        Ok(raft)
    }
}

/// Follows Raft's metrics of leadership across restarts of Raft.
pub(crate) struct ServerMetrics {
    rafts: watch::Receiver<RaftNode>,
    metrics: WatchReceiverOf<TypeConfig, openraft::metrics::RaftServerMetrics<TypeConfig>>,
}

impl ServerMetrics {
    /// Waits until something has changed. Never returns once Raft has failed or the node stops: others
    /// report that.
    pub(crate) async fn changed(&mut self) {
        let same = tokio::select! {
            swapped = self.rafts.changed() => {
                self.follow(swapped.is_ok()).await;
                return;
            }
            changed = self.metrics.changed() => changed.is_ok(),
        };
        if !same {
            let swapped = self.rafts.changed().await;
            self.follow(swapped.is_ok()).await;
        }
    }

    async fn follow(&mut self, there_is_another: bool) {
        if !there_is_another {
            std::future::pending::<()>().await;
        }
        self.metrics = self.rafts.borrow_and_update().server_metrics();
    }
}
