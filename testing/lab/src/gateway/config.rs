//! What a node is told through its environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::topology::address::{
    INTERNET_SERVICE, RAFT_PORT, ROUTER, UPLINK, VM_BRIDGE, overlay, underlay,
};

/// What a scenario wants different from the usual, on all nodes.
#[derive(Debug, Clone, Default)]
pub struct GatewayConfig {
    overrides: BTreeMap<String, String>,
    absent: BTreeSet<String>,
    steppable_clock: bool,
    faulty_disk: bool,
}

impl GatewayConfig {
    /// The usual configuration.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.overrides.insert(name.to_owned(), value.to_string());
        self
    }

    /// Leaves out an environment variable that is usually set.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.absent.insert(name.to_owned());
        self
    }

    /// Leaves an environment variable as it usually is.
    #[must_use]
    pub fn as_usual(mut self, name: &str) -> Self {
        self.overrides.remove(name);
        self.absent.remove(name);
        self
    }

    /// The true clock and a plain disk.
    #[must_use]
    pub(crate) fn on_a_plain_machine(mut self) -> Self {
        self.steppable_clock = false;
        self.faulty_disk = false;
        self
    }

    /// Leases of `seconds`.
    #[must_use]
    pub fn lease_time(self, seconds: u32) -> Self {
        self.set("GATEWAY_DHCP_LEASE_TIME", seconds)
    }

    /// Puts each node on a wall clock that [`super::Gateway::step_clock`] steps.
    #[must_use]
    pub fn steppable_clock(mut self) -> Self {
        self.steppable_clock = true;
        self
    }

    /// Puts each node's data on a disk that can be made to fail, [`super::Gateway::disk`].
    #[must_use]
    pub fn faulty_disk(mut self) -> Self {
        self.faulty_disk = true;
        self
    }

    pub(super) fn has_faulty_disk(&self) -> bool {
        self.faulty_disk
    }

    pub(super) fn has_steppable_clock(&self) -> bool {
        self.steppable_clock
    }

    /// The environment of node `node` of `count`; its certificate is in `tls`.
    pub(super) fn environment(
        &self,
        node: u8,
        count: u8,
        data: &Path,
        tls: &Path,
    ) -> BTreeMap<String, String> {
        let mut environment: BTreeMap<String, String> = usual(node, data)
            .into_iter()
            .chain(certificate(tls))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if node != 1 {
            environment.insert("GATEWAY_JOIN".to_owned(), peers(node, count));
        }
        environment.retain(|name, _| !self.absent.contains(name));
        environment.extend(self.overrides.clone());
        environment
    }
}

fn usual(node: u8, data: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("GATEWAY_NODE_ID", node.to_string()),
        ("GATEWAY_DATA_DIR", data.display().to_string()),
        ("GATEWAY_PEER_LISTEN", peer_address(node)),
        ("GATEWAY_ADMIN_LISTEN", "127.0.0.1:7067".to_owned()),
        ("GATEWAY_DHCP_LISTEN_IP", overlay(node).to_string()),
        ("GATEWAY_DHCP_GATEWAY", ROUTER.to_string()),
        ("GATEWAY_DHCP_INTERFACE", VM_BRIDGE.to_owned()),
        ("GATEWAY_DHCP_POOL_START", "10.15.3.20".to_owned()),
        ("GATEWAY_DHCP_POOL_END", "10.15.3.254".to_owned()),
        ("GATEWAY_DHCP_SUBNET", "10.15.3.0".to_owned()),
        ("GATEWAY_DHCP_SUBNET_MASK", "255.255.255.0".to_owned()),
        ("GATEWAY_DHCP_DNS", INTERNET_SERVICE.to_string()),
        ("GATEWAY_DHCP_DOMAIN", "vps.example".to_owned()),
        ("GATEWAY_UPLINK_INTERFACE", UPLINK.to_owned()),
        ("LOG_LEVEL", "info".to_owned()),
    ]
}

/// The files that `gatewayctl pki node` writes.
fn certificate(tls: &Path) -> [(&'static str, String); 3] {
    let file = |name: &str| tls.join(name).display().to_string();
    [
        ("GATEWAY_TLS_CA", file("ca.crt")),
        ("GATEWAY_TLS_CERT", file("node.crt")),
        ("GATEWAY_TLS_KEY", file("node.key")),
    ]
}

fn peers(node: u8, count: u8) -> String {
    let others: Vec<_> = (1..=count)
        .filter(|other| *other != node)
        .map(peer_address)
        .collect();
    others.join(",")
}

/// Where the peers of host `node` listen.
pub fn peer_address(node: u8) -> String {
    format!("{}:{RAFT_PORT}", underlay(node))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_node_does_not_join() {
        let config = GatewayConfig::new();
        let first = config.environment(1, 3, Path::new("/data"), Path::new("/tls"));
        let second = config.environment(2, 3, Path::new("/data"), Path::new("/tls"));
        assert_eq!(first.get("GATEWAY_JOIN"), None);
        assert_eq!(
            second.get("GATEWAY_JOIN").map(String::as_str),
            Some("172.31.0.1:7066,172.31.0.3:7066")
        );
    }

    #[test]
    fn overrides_win() {
        let config = GatewayConfig::new().set("LOG_LEVEL", "debug");
        let environment = config.environment(1, 1, Path::new("/data"), Path::new("/tls"));
        assert_eq!(environment["LOG_LEVEL"], "debug");
    }
}
