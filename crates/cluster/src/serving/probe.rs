//! Has the cluster decide something that changes nothing, to see whether it decides (contract S11).

use crate::propose::Propose;
use crate::registration::Registration;
use ipam::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks the cluster for something of this node's own, one at a time. Clones share it.
#[derive(Clone)]
pub(crate) struct Probe {
    propose: Arc<dyn Propose>,
    registration: Arc<Registration>,
    is_under_way: Arc<AtomicBool>,
}

impl Probe {
    /// What is announced of this node is proposed by `propose`.
    pub(crate) fn new(propose: Arc<dyn Propose>, registration: Arc<Registration>) -> Self {
        Self {
            propose,
            registration,
            is_under_way: Arc::default(),
        }
    }

    /// Begins one, unless one is under way.
    pub(super) fn begin(&self) {
        if self.is_under_way.swap(true, Ordering::SeqCst) {
            return;
        }
        let probe = self.clone();
        tokio::spawn(async move {
            // What it has announced, once more: a member proposes nothing for the cluster's sake.
            let command = Command::from(probe.registration.now());
            if let Err(error) = probe.propose.propose(command).await {
                tracing::debug!(%error, "nothing is decided yet");
            }
            probe.is_under_way.store(false, Ordering::SeqCst);
        });
    }
}
