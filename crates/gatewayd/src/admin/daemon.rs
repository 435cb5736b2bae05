//! What the admin service can ask about: the parts of the daemon, as they come up.

use super::nat::Nat;
use crate::outages::Outages;
use crate::startup::BootstrapRequest;
use cluster::Cluster;
use dhcpd::{Counters, CountersSnapshot};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// The parts of the daemon. DHCP and NAT start later than the admin service, or not at all.
pub struct Daemon {
    /// The cluster node.
    pub cluster: Cluster,
    /// What is known of NAT.
    pub nat: Nat,
    /// Of the server that runs now: one that had to be bound anew counts from zero.
    dhcp: Mutex<Option<Arc<Counters>>>,
    /// What the configuration names and gatewayd does not use.
    warnings: Vec<String>,
    config_drift: OnceLock<Vec<String>>,
    bootstrap: mpsc::Sender<BootstrapRequest>,
    /// For how long members have not answered.
    pub outages: Outages,
}

impl Daemon {
    /// With the cluster node alone, and what there is to say of the configuration.
    pub fn new(
        cluster: Cluster,
        bootstrap: mpsc::Sender<BootstrapRequest>,
        warnings: Vec<String>,
    ) -> Self {
        Self {
            cluster,
            bootstrap,
            nat: Nat::default(),
            dhcp: Mutex::new(None),
            warnings,
            config_drift: OnceLock::new(),
            outages: Outages::default(),
        }
    }

    /// Has this node bootstrap a cluster; an error says why it did not.
    pub async fn bootstrap(&self, alone: bool) -> Result<(), String> {
        let (outcome, answer) = oneshot::channel();
        let request = BootstrapRequest { alone, outcome };
        let gone = || "this node is part of a cluster already".to_owned();
        self.bootstrap.send(request).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// A DHCP server is up.
    pub fn set_dhcp(&self, counters: Arc<Counters>) {
        *self.dhcp.lock().unwrap_or_else(PoisonError::into_inner) = Some(counters);
    }

    /// Where this node's configuration differs from the cluster's. The first call counts.
    pub fn set_config_drift(&self, drift: Vec<String>) {
        self.config_drift.get_or_init(|| drift);
    }

    /// DHCP's counters; all zero before it is up.
    pub fn dhcp(&self) -> CountersSnapshot {
        let counters = self.dhcp.lock().unwrap_or_else(PoisonError::into_inner);
        counters
            .as_ref()
            .map(|counters| counters.snapshot())
            .unwrap_or_default()
    }

    /// What there is to know of this node's configuration: keys that nobody uses, and where it
    /// differs from the cluster's.
    pub fn notices(&self) -> Vec<String> {
        let drift = self.config_drift.get().into_iter().flatten();
        self.warnings.iter().chain(drift).cloned().collect()
    }
}
