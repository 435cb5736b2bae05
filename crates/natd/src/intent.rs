//! What a node's kernel is to follow: the replicated intent, whether the node's copy of it is up to date,
//! and which addresses have lost their tenant.
//!
//! In: whoever follows the state (`gatewayd`). Out: [`crate::reconcile`]. Pure but for the wake-up of
//! [`Vacated`]. Nothing blocks.

use ipam::NatView;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Whether this node's copy of the replicated state is up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplicaStatus {
    /// The node has not caught up with the cluster since it started. After a power cut it may know less
    /// than it had applied before, so it opens no forward (S9). Forwards that the kernel still has from
    /// before the restart stay open until their withdrawal is seen.
    #[default]
    CatchingUp,
    /// It has caught up since it started.
    CaughtUp,
    /// It is no member any more: its forwards are closed.
    Removed,
}

/// The replicated intent, as this node may act on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// What the state says.
    pub view: NatView,
    /// Whether that is up to date.
    pub replica: ReplicaStatus,
}

impl Intent {
    /// The view to plan from: a removed node forwards nothing.
    #[must_use]
    pub fn effective(&self) -> NatView {
        let mut view = self.view.clone();
        if self.replica == ReplicaStatus::Removed {
            let closed = view.forwards.drain(..).map(|forward| forward.key);
            view.leading_nowhere.extend(closed);
        }
        view
    }
}

impl From<NatView> for Intent {
    /// Of a node that has caught up.
    fn from(view: NatView) -> Self {
        Self {
            view,
            replica: ReplicaStatus::CaughtUp,
        }
    }
}

/// Addresses that have lost their tenant, or have another, and whose flows must end. Clones are the
/// same; there are at most as many as addresses of the clients' networks.
#[derive(Clone, Debug, Default)]
pub struct Vacated(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    addresses: Mutex<BTreeSet<Ipv4Addr>>,
    added: Notify,
}

impl Vacated {
    /// Adds these.
    pub fn add(&self, addresses: impl IntoIterator<Item = Ipv4Addr>) {
        let mut waiting = self.lock();
        let before = waiting.len();
        waiting.extend(addresses);
        if waiting.len() > before {
            self.0.added.notify_one();
        }
    }

    /// Takes those that wait.
    #[must_use]
    pub fn take(&self) -> BTreeSet<Ipv4Addr> {
        std::mem::take(&mut self.lock())
    }

    /// Addresses whose flows could not be ended wait for the next pass. They start none.
    pub(crate) fn put_back(&self, addresses: BTreeSet<Ipv4Addr>) {
        self.lock().extend(addresses);
    }

    /// Completes when some have been added since the last time. Cancel-safe.
    pub async fn added(&self) {
        self.0.added.notified().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<Ipv4Addr>> {
        self.0
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
