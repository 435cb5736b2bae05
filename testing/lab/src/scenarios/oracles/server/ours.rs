//! Our cluster, asked by `gatewayctl`.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;

use super::DhcpServer;
use crate::gateway::{Control, Lease};
use crate::netns::Netns;

/// Nodes that run.
pub(in crate::scenarios::oracles) struct Ours {
    control: Control,
    clients: Netns,
}

impl Ours {
    /// The cluster of the node that `control` asks; clients speak from `clients`.
    pub(in crate::scenarios::oracles) fn new(control: Control, clients: Netns) -> Self {
        Self { control, clients }
    }
}

impl DhcpServer for Ours {
    fn name(&self) -> &'static str {
        "gatewayd"
    }

    fn clients(&self) -> &Netns {
        &self.clients
    }

    /// A conflict probe (300 ms), a commit, and what other rows cost meanwhile.
    fn answers_within(&self) -> Duration {
        Duration::from_millis(1200)
    }

    fn others_follow_within(&self) -> Duration {
        Duration::from_millis(120)
    }

    fn at_once(&self) -> usize {
        8
    }

    fn is_leased(&self, address: Ipv4Addr) -> Result<bool> {
        let leases = self.control.leases()?;
        let is_bound = |lease: &Lease| lease.state == "bound";
        Ok(leases.iter().any(|l| l.address == address && is_bound(l)))
    }
}
