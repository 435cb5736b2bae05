//! Whether the clients' network, the peers' network and the uplink are kept apart. Pure.

use crate::config::Settings;
use node::LanInterface;

/// S12: nothing from the clients' network reaches the peer port, and so no peer does there.
pub fn peers_conflict(settings: &Settings, lan: Option<&LanInterface>) -> Option<String> {
    let peers = settings.peer_listen.ip();
    let is_there = |lan: &LanInterface| peers == lan.listen_ip || peers == settings.subnet.router;
    lan.is_some_and(is_there).then(|| {
        format!(
            "GATEWAY_PEER_LISTEN={} is on the clients' network, where the port is closed, to peers too: \
             set it to an address of a network that only the hosts are on",
            settings.peer_listen
        )
    })
}

/// Why there is no NAT at all, as `natd::plan` has it.
pub(super) fn uplink_conflict(settings: &Settings, lan: Option<&LanInterface>) -> Option<String> {
    let (uplink, lan) = (settings.uplink_interface.as_ref()?, lan?);
    if lan.interface == *uplink {
        return Some(format!(
            "GATEWAY_UPLINK_INTERFACE={uplink} is the clients' interface: NAT needs two. Set it to the \
             interface that leads to the internet, or leave it out on a node without NAT"
        ));
    }
    (lan.listen_ip == settings.subnet.router).then(|| {
        format!(
            "the listen IP is {}, the clients' router, which every host has: NAT needs an address of this \
             host alone on {}",
            lan.listen_ip, lan.interface
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigError, Options};
    use std::net::Ipv4Addr;

    fn settings(peers: &str, uplink: &str) -> Result<Settings, ConfigError> {
        let options = Options {
            node_id: Some("1".to_owned()),
            peer_listen: Some(format!("{peers}:7066")),
            peer_insecure: Some("yes".to_owned()),
            uplink_interface: Some(uplink.to_owned()),
            ..Options::default()
        };
        Settings::from_options(options, false)
    }

    fn lan(host: u8) -> LanInterface {
        LanInterface {
            interface: "OCvpsnet".to_owned(),
            listen_ip: Ipv4Addr::new(10, 15, 3, host),
        }
    }

    #[test]
    fn nat_takes_two_interfaces_and_an_address_of_the_hosts_own() -> Result<(), ConfigError> {
        let apart = settings("172.31.0.1", "vmbr0")?;
        assert_eq!(uplink_conflict(&apart, Some(&lan(10))), None);
        let router = uplink_conflict(&apart, Some(&lan(1)));
        assert!(router.is_some_and(|text| text.contains("10.15.3.1")));
        let one = uplink_conflict(&settings("172.31.0.1", "OCvpsnet")?, Some(&lan(10)));
        assert!(one.is_some_and(|text| text.contains("GATEWAY_UPLINK_INTERFACE=OCvpsnet")));
        Ok(())
    }

    #[test]
    fn peers_are_not_on_the_clients_network() -> Result<(), ConfigError> {
        let lan = lan(10);
        assert_eq!(
            peers_conflict(&settings("172.31.0.1", "vmbr0")?, Some(&lan)),
            None
        );
        for there in ["10.15.3.10", "10.15.3.1"] {
            let problem = peers_conflict(&settings(there, "vmbr0")?, Some(&lan));
            assert!(problem.is_some_and(|text| text.contains("clients' network")));
        }
        Ok(())
    }
}
