//! Whether this node may answer DHCP clients (contract L2): what it sees of itself and its peers, and what it
//! decides from that.
//!
//! * **What flows in and out.** In: the answers of peers ([`PeerAnswers`]), Raft's metrics, the applied state, the
//!   age of unfinished writes, what other parts of the node cannot do ([`Blockers`]). Out: a [`ServiceStatus`]
//!   behind a [`ServiceGate`], a [`ReplicaStatus`], and [actions](actions::Action).
//! * **The decision is pure** ([`actions::step`]): it is made from an [observation](decision::Observation), and
//!   says what is to be done. [`poll`] carries it out, and nobody else.
//! * **A crash** forgets all of it. A node that starts does not serve before it has looked.

mod actions;
mod blockers;
mod catch_up;
mod decision;
mod digest;
mod disk_stall;
mod gate;
mod introductions;
mod observe;
mod peers;
mod poll;
mod probe;
mod reachability;
mod replica_status;
mod storage_remedy;
mod strangers;

pub(crate) use actions::TransferLeadership;
pub(crate) use blockers::Blockers;
pub use decision::ServiceStatus;
pub(crate) use gate::ServiceGate;
pub(crate) use introductions::Introductions;
pub(crate) use observe::Observed;
pub(crate) use peers::{PeerAnswers, PeerView};
pub(crate) use poll::{Poll, run};
pub(crate) use probe::Probe;
pub use replica_status::ReplicaStatus;
pub(crate) use strangers::Strangers;

use catch_up::CatchUp;
use digest::ShownDigest;
use ipam::NodeId;
use raft_store::StateDigest;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// What this node has seen of its peers, and concluded from it.
pub(crate) struct Serving {
    observed: Observed,
    gate: Arc<ServiceGate>,
    answers: PeerAnswers,
    digest: ShownDigest,
    catch_up: CatchUp,
    replica_status: watch::Sender<ReplicaStatus>,
    /// Whether this node's state differs from that of most of its peers (S8).
    diverged: watch::Sender<bool>,
}

impl Serving {
    /// Of a node that has seen nothing yet.
    pub(crate) fn new(observed: Observed, gate: Arc<ServiceGate>) -> Self {
        Self {
            observed,
            gate,
            answers: PeerAnswers::default(),
            digest: ShownDigest::default(),
            catch_up: CatchUp::default(),
            replica_status: watch::Sender::default(),
            diverged: watch::Sender::new(false),
        }
    }

    /// Whether this node may answer clients now.
    pub(crate) fn status(&self) -> ServiceStatus {
        self.gate.now()
    }

    /// How far this node's copy of the state may be trusted, as it changes.
    pub(crate) fn watch_replica_status(&self) -> watch::Receiver<ReplicaStatus> {
        self.replica_status.subscribe()
    }

    /// Whether this node's state differs from that of most of its peers, as it changes.
    pub(crate) fn watch_diverged(&self) -> watch::Receiver<bool> {
        self.diverged.subscribe()
    }

    /// The peers that answered lately.
    pub(crate) fn peers_heard(&self) -> BTreeMap<NodeId, PeerView> {
        self.answers.heard(self.observed.limits.now().health_valid)
    }

    /// The digest to show to peers.
    pub(crate) fn shown_digest(&self) -> Option<StateDigest> {
        self.digest.now()
    }

    /// Whether this node leads and a quorum has answered it lately (S11).
    pub(crate) fn leads_a_quorum(&self) -> bool {
        let limits = &self.observed.limits;
        let trip = self.answers.round_trip(limits.now().health_valid);
        let counts = limits.patience().quorum_counts(trip);
        self.observed.view.leads_a_quorum(counts)
    }

    /// Why the storage has failed, if it has.
    pub(crate) fn storage_failure(&self) -> Option<String> {
        let observed = &self.observed;
        observed.raft.failure().or_else(|| observed.notes.failure())
    }

    /// Which write the disk does not finish, if so.
    pub(crate) fn disk_stall(&self) -> Option<String> {
        disk_stall::disk_stall(&self.observed.unfinished)
    }
}
