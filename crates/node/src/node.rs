//! What can be asked of a node: its parts, as they come up.

use crate::bootstrap::{BootstrapRequester, BootstrapRequests};
use crate::nat::Nat;
use crate::outages::Outages;
use cluster::Cluster;
use dhcpd::{Counters, CountersSnapshot};
use ipam::NodeId;
use natd::NatStatus;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The parts of a node. DHCP and NAT start later than the cluster, or not at all.
pub struct Node {
    cluster: Cluster,
    pub(crate) nat: Nat,
    pub(crate) outages: Outages,
    /// Of the server that runs now: one that had to be bound anew counts from zero.
    dhcp: Mutex<Option<Arc<Counters>>>,
    /// What the configuration names and nobody uses.
    warnings: Vec<String>,
    config_drift: OnceLock<Vec<String>>,
    bootstrap: BootstrapRequester,
}

impl Node {
    /// With the cluster alone, and what there is to say of the configuration; and operators' requests to it,
    /// for [`crate::become_member`].
    #[must_use]
    pub fn new(cluster: Cluster, warnings: Vec<String>) -> (Self, BootstrapRequests) {
        let (bootstrap, requests) = BootstrapRequests::new();
        let node = Self {
            cluster,
            nat: Nat::default(),
            outages: Outages::default(),
            dhcp: Mutex::new(None),
            warnings,
            config_drift: OnceLock::new(),
            bootstrap,
        };
        (node, requests)
    }

    /// Its part of the cluster.
    #[must_use]
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Has it bootstrap a cluster; an error says why it did not. `alone`: without asking the other members first.
    pub async fn bootstrap(&self, alone: bool) -> Result<(), String> {
        self.bootstrap.ask(alone).await
    }

    /// A DHCP server is up.
    pub(crate) fn set_dhcp(&self, counters: Arc<Counters>) {
        *self.dhcp.lock().unwrap_or_else(PoisonError::into_inner) = Some(counters);
    }

    /// Where its configuration differs from the cluster's. The first call counts.
    pub(crate) fn set_config_drift(&self, drift: Vec<String>) {
        self.config_drift.get_or_init(|| drift);
    }

    /// DHCP's counters; all zero before it is up.
    #[must_use]
    pub fn dhcp(&self) -> CountersSnapshot {
        let counters = self.dhcp.lock().unwrap_or_else(PoisonError::into_inner);
        counters
            .as_ref()
            .map(|counters| counters.snapshot())
            .unwrap_or_default()
    }

    /// NAT's status, once it is up. Whatever keeps traffic from flowing as it should is among its problems (S11).
    #[must_use]
    pub fn nat(&self) -> Option<NatStatus> {
        self.nat.status()
    }

    /// A problem of NAT's that stays until the configuration changes. The first counts.
    pub fn note_nat_problem(&self, problem: String) {
        self.nat.note(problem);
    }

    /// Keeps account of which members do not answer, until dropped.
    pub async fn watch_outages(&self) {
        self.outages.watch(&self.cluster).await;
    }

    /// For how long the member has not answered, as far as this was seen.
    #[must_use]
    pub fn outage(&self, member: NodeId) -> Duration {
        self.outages.of(member)
    }

    /// What there is to know of its configuration: keys that nobody uses, and where it differs from the cluster's.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let drift = self.config_drift.get().into_iter().flatten();
        self.warnings.iter().chain(drift).cloned().collect()
    }
}
