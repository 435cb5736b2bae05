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

use super::options::raft_config;
use crate::bounds::{MAX_INDEX, MAX_TERM, TERM_STEP};
use crate::config::{Snapshots, Timings};
use crate::lock::lock;
use crate::raft_view::{RaftView, ViewFeed};
use crate::start_error::StartError;
use crate::timing::SharedLimits;
use crate::transport::{NetworkFactory, Peers, Reversions};
use ipam::NodeId;
use openraft::Raft;
use openraft::async_runtime::WatchReceiver;
use openraft::raft::VoteRequest;
use raft_store::{
    ClusterIdFile, CommittedLeaderId, Loan, LogId, LogStore, StateMachine, TypeConfig, Vote,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    pub(crate) view: RaftView,
    pub(crate) snapshots: Snapshots,
    pub(crate) reversions: Reversions,
    pub(crate) log: LogStore,
    pub(crate) state_machine: StateMachine,
}

/// The Raft that runs now.
pub(crate) struct RaftHandle {
    current: watch::Sender<RaftNode>,
    /// What others see of it.
    view: RaftView,
    feed: ViewFeed,
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
    pub(crate) async fn start(
        ground: Ground,
        feed: ViewFeed,
        timings: Timings,
    ) -> Result<Self, StartError> {
        let loan = Loan::default();
        let raft = ground.start(&loan, timings).await?;
        feed.follow(&raft);
        Ok(Self {
            current: watch::Sender::new(raft),
            view: ground.view.clone(),
            feed,
            may_stand: std::sync::Mutex::new(false),
            restarting: AtomicBool::new(false),
            ground: Mutex::new(Some((ground, loan))),
        })
    }

    /// The one that runs now.
    pub(crate) fn now(&self) -> RaftNode {
        self.current.borrow().clone()
    }

    /// Whether it stands for election when it hears no leader: see [`crate::elections`]. The next Raft
    /// does as this one. `stands` is asked where nobody else changes it: the last one to ask decides.
    pub(crate) fn set_elections(&self, stands: impl FnOnce() -> bool) {
        let mut may_stand = lock(&self.may_stand);
        *may_stand = stands();
        //~ mutant s1_newcomer_stands: *may_stand = true;
        self.now().runtime_config().elect(*may_stand);
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

    /// Why Raft has stopped, if it has: a storage error is fatal to the node.
    pub(crate) fn failure(&self) -> Option<String> {
        if self.is_restarting() {
            return None;
        }
        self.view.with_metrics(|metrics| {
            let state = metrics.running_state.as_ref();
            state.err().map(ToString::to_string)
        })
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
        let raised = self.now().vote(asked).await;
        raised.map(drop).map_err(|error| error.to_string())
    }

    /// A newcomer goes on from the cluster's term, which may be further than a peer's word would take it.
    pub(crate) async fn go_on_from(&self, term: u64) -> Result<(), String> {
        if term <= self.view.term().saturating_add(TERM_STEP) {
            return Ok(());
        }
        // Nobody stands in node 0's name.
        self.raise_term(NodeId(0), term, true).await
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
        let raft = ground.start(loan, timings).await?;
        // Until it answers, its metrics name no members.
        let initialized = raft.is_initialized().await;
        initialized.map_err(|error| StartError::Raft(error.to_string()))?;
        let may_stand = lock(&self.may_stand);
        raft.runtime_config().elect(*may_stand);
        self.feed.follow(&raft);
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
    async fn start(&self, loan: &Loan, timings: Timings) -> Result<RaftNode, StartError> {
        let network = NetworkFactory::new(
            self.peers.clone(),
            self.limits.clone(),
            self.node,
            self.cluster.clone(),
            self.reversions.clone(),
            self.view.clone(),
        );
        let config = raft_config(timings, self.snapshots).map_err(StartError::Timings)?;
        let (log, state_machine) = (self.log.lend(loan), self.state_machine.lend(loan));
        let raft = Raft::new(self.node.0, Arc::new(config), network, log, state_machine);
        raft.await
            .map_err(|error| StartError::Raft(error.to_string()))
    }
}
