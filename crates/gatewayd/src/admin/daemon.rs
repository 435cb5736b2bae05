//! What the admin service can ask about: the parts of the daemon, as they come up.

use cluster::Cluster;
use dhcpd::{Counters, CountersSnapshot};
use natd::NatStatus;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// The parts of the daemon. DHCP and NAT start later than the admin service, or not at all.
pub struct Daemon {
    /// The cluster node.
    pub cluster: Cluster,
    nat: OnceLock<watch::Receiver<NatStatus>>,
    dhcp: OnceLock<Arc<Counters>>,
    notices: OnceLock<Vec<String>>,
}

impl Daemon {
    /// With the cluster node alone.
    pub const fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            nat: OnceLock::new(),
            dhcp: OnceLock::new(),
            notices: OnceLock::new(),
        }
    }

    /// NAT is up. The first call counts.
    pub fn set_nat(&self, status: watch::Receiver<NatStatus>) {
        self.nat.get_or_init(|| status);
    }

    /// DHCP is up. The first call counts.
    pub fn set_dhcp(&self, counters: Arc<Counters>) {
        self.dhcp.get_or_init(|| counters);
    }

    /// Where this node's configuration differs from the cluster's. The first call counts.
    pub fn set_notices(&self, notices: Vec<String>) {
        self.notices.get_or_init(|| notices);
    }

    /// NAT's status, if this node does NAT.
    pub fn nat(&self) -> Option<NatStatus> {
        self.nat.get().map(|status| status.borrow().clone())
    }

    /// DHCP's counters; all zero before it is up.
    pub fn dhcp(&self) -> CountersSnapshot {
        self.dhcp
            .get()
            .map(|counters| counters.snapshot())
            .unwrap_or_default()
    }

    /// Where this node's configuration differs from the cluster's.
    pub fn notices(&self) -> Vec<String> {
        self.notices.get().cloned().unwrap_or_default()
    }
}
