//! What the admin service can ask about: the parts of the daemon, as they come up.

use super::nat::Nat;
use cluster::Cluster;
use dhcpd::{Counters, CountersSnapshot};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The parts of the daemon. DHCP and NAT start later than the admin service, or not at all.
pub struct Daemon {
    /// The cluster node.
    pub cluster: Cluster,
    /// What is known of NAT.
    pub nat: Nat,
    /// Of the server that runs now: one that had to be bound anew counts from zero.
    dhcp: Mutex<Option<Arc<Counters>>>,
    notices: OnceLock<Vec<String>>,
}

impl Daemon {
    /// With the cluster node alone.
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            nat: Nat::default(),
            dhcp: Mutex::new(None),
            notices: OnceLock::new(),
        }
    }

    /// A DHCP server is up.
    pub fn set_dhcp(&self, counters: Arc<Counters>) {
        *self.dhcp.lock().unwrap_or_else(PoisonError::into_inner) = Some(counters);
    }

    /// Where this node's configuration differs from the cluster's. The first call counts.
    pub fn set_notices(&self, notices: Vec<String>) {
        self.notices.get_or_init(|| notices);
    }

    /// DHCP's counters; all zero before it is up.
    pub fn dhcp(&self) -> CountersSnapshot {
        let counters = self.dhcp.lock().unwrap_or_else(PoisonError::into_inner);
        counters
            .as_ref()
            .map(|counters| counters.snapshot())
            .unwrap_or_default()
    }

    /// Where this node's configuration differs from the cluster's.
    pub fn notices(&self) -> Vec<String> {
        self.notices.get().cloned().unwrap_or_default()
    }
}
