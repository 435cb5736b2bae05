//! What a node is told to keep its kernel at: the replicated intent, how far the node may trust its
//! copy of it, and which addresses have lost their tenant.
//!
//! In: whoever follows the state (`gatewayd`). Out: [`crate::reconcile`]. Pure but for the wake-up of
//! [`Vacated`]. Nothing blocks.

use ipam::NatView;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// How far this node's copy of the state may be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// The node has not been level with the cluster since it started. After a power cut it may know
    /// less than it had applied, so it opens no forward (S9); what the kernel still has of its former
    /// life stays, but for what is withdrawn meanwhile.
    #[default]
    Behind,
    /// It has been level since it started.
    Level,
    /// It is no member any more: its forwards are closed.
    Removed,
}

/// The replicated intent, as this node may act on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// What the state says.
    pub view: NatView,
    /// How far to trust it.
    pub standing: Standing,
}

impl Intent {
    /// The view to plan from: a removed node forwards nothing.
    #[must_use]
    pub fn effective(&self) -> NatView {
        let mut view = self.view.clone();
        if self.standing == Standing::Removed {
            let closed = view.forwards.drain(..).map(|forward| forward.key);
            view.leading_nowhere.extend(closed);
        }
        view
    }
}

impl From<NatView> for Intent {
    /// Of a node that is level.
    fn from(view: NatView) -> Self {
        Self {
            view,
            standing: Standing::Level,
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
    /// These too.
    pub fn add(&self, addresses: impl IntoIterator<Item = Ipv4Addr>) {
        let mut waiting = self.lock();
        let before = waiting.len();
        waiting.extend(addresses);
        if waiting.len() > before {
            self.0.added.notify_one();
        }
    }

    /// Those that wait, which do so no more.
    #[must_use]
    pub fn take(&self) -> BTreeSet<Ipv4Addr> {
        std::mem::take(&mut self.lock())
    }

    /// Those that could not be dealt with wait again, for the next look rather than for a new one.
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
