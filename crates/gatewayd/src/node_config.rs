//! The settings, as the parts of a node take them.

use crate::config::Settings;
use anyhow::{Context, Result};
use cluster::{ClusterConfig, Snapshots, Start, Timings};
use ipam::Bootstrap;
use natd::{InterfaceName, NodeContext};
use node::{LanInterface, NodeConfig, StartConfig};

/// What the cluster node is given.
pub fn cluster_config(settings: &Settings, lan: &LanInterface) -> ClusterConfig {
    ClusterConfig {
        node: settings.node,
        data_dir: settings.data_dir.clone(),
        peer_listen: settings.peer_listen,
        peer_address: settings.peer_address.clone(),
        listen_ip: lan.listen_ip,
        tls: settings.peer_tls.clone(),
        timings: Timings::default(),
        profile: settings.profile,
        snapshots: Snapshots::default(),
        alone: settings.alone,
    }
}

/// What the node is given.
pub fn node_config(settings: &Settings, lan: LanInterface) -> Result<NodeConfig> {
    Ok(NodeConfig {
        relays: settings.relays.clone(),
        nat: nat_context(settings, &lan)?,
        start: start(settings)?,
        lan,
    })
}

fn nat_context(settings: &Settings, lan: &LanInterface) -> Result<NodeContext> {
    let uplink = settings.uplink_interface.as_ref();
    let uplink = uplink.map(InterfaceName::new).transpose();
    Ok(NodeContext {
        lan_interface: InterfaceName::new(&lan.interface).context("GATEWAY_DHCP_INTERFACE")?,
        uplink_interface: uplink.context("GATEWAY_UPLINK_INTERFACE")?,
        listen_ip: lan.listen_ip,
        router: settings.subnet.router,
        guard: settings.guard.clone(),
        networks: settings.client_networks.clone(),
        addresses: [lan.listen_ip].into(),
    })
}

fn start(settings: &Settings) -> Result<StartConfig> {
    let bootstrap = Bootstrap {
        cluster_id: new_cluster_id()?,
        subnet: settings.subnet.clone(),
        source_nat: settings.source_nat,
        forward_policy: settings.forward_policy,
    };
    let others = other_members(settings);
    let asked_first = if settings.alone {
        Vec::new()
    } else {
        others.clone()
    };
    let start = if settings.bootstrap {
        Start::Bootstrap(Box::new(bootstrap.clone()), asked_first)
    } else if asked_first.is_empty() {
        Start::Wait
    } else {
        Start::Join(asked_first)
    };
    Ok(StartConfig {
        start,
        own_bootstrap: bootstrap,
        others,
    })
}

/// Used if this node bootstraps a cluster.
fn new_cluster_id() -> Result<[u8; 16]> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| anyhow::anyhow!("making a cluster id: {error}"))?;
    Ok(id)
}

/// Those of `GATEWAY_JOIN` that this node is not: all hosts have the same list.
fn other_members(settings: &Settings) -> Vec<String> {
    let others = settings.join.iter();
    let others = others.filter(|other| **other != settings.peer_address);
    others.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Options;

    fn started(join: &str, alone: bool) -> Result<Start> {
        let options = Options {
            node_id: Some("1".to_owned()),
            peer_listen: Some("127.0.0.1:7066".to_owned()),
            join: Some(join.to_owned()),
            ..Options::default()
        };
        let mut settings = Settings::from_options(options, false)?;
        settings.alone = alone;
        Ok(start(&settings)?.start)
    }

    #[test]
    fn node_does_not_ask_itself_to_join() -> Result<()> {
        let Start::Join(asked) = started("127.0.0.1:7066,127.0.0.2:7066", false)? else {
            anyhow::bail!("it does not join");
        };
        assert_eq!(asked, ["127.0.0.2:7066"]);
        Ok(())
    }

    #[test]
    fn node_that_names_itself_alone_waits_to_be_added() -> Result<()> {
        assert!(matches!(started("127.0.0.1:7066", false)?, Start::Wait));
        Ok(())
    }

    #[test]
    fn node_that_is_alone_asks_nobody_to_join() -> Result<()> {
        assert!(matches!(started("127.0.0.2:7066", true)?, Start::Wait));
        Ok(())
    }
}
