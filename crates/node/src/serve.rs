//! Everything of a node that needs the cluster to know it, in the order in which it may begin.

use crate::bootstrap::{BootstrapRequests, become_member};
use crate::config::NodeConfig;
use crate::lease_service::ClusterLeases;
use crate::listeners::Listeners;
use crate::node::Node;
use crate::supervise::supervise;
use crate::{config_drift, dhcp, listen_ip_watch, nat};
use anyhow::{Context, Result};
use dhcpd::{DhcpServer, RateLimits, ServerConfig};
use ipam::Bootstrap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Guards the host, becomes part of a cluster, then serves clients, until dropped. `listeners` are told already, and
/// followed from then on. An error says which part could not begin.
pub async fn serve(
    node: &Arc<Node>,
    config: NodeConfig,
    listeners: Listeners,
    requests: BootstrapRequests,
) -> Result<()> {
    let cluster = node.cluster();
    let dhcp = dhcp_config(node, &config);
    let mut tasks = JoinSet::new();
    nat::start(node, config.nat, &mut tasks).context("starting NAT")?;
    become_member(&config.start, cluster, requests)
        .await
        .context("becoming part of the cluster")?;
    report_config_drift(node, &config.start.own_bootstrap);
    tasks.spawn(listeners.follow(cluster.clone()));
    let blocked = cluster.clone();
    tasks.spawn(supervise(
        "watch of the listen IP",
        listen_ip_watch::watch(cluster.clone(), config.lan),
        move |reason| blocked.set_blocker(listen_ip_watch::PART, Some(reason)),
    ));
    let bind = || DhcpServer::bind(&dhcp, Arc::new(ClusterLeases::new(cluster.clone())));
    dhcp::serve(node, bind).await
}

fn dhcp_config(node: &Node, config: &NodeConfig) -> ServerConfig {
    ServerConfig {
        node: node.cluster().node(),
        subnet: config.start.own_bootstrap.subnet.id,
        interface: config.lan.interface.clone(),
        listen_ip: config.lan.listen_ip,
        relays: config.relays.clone(),
        limits: RateLimits::default(),
    }
}

/// Says where this node's configuration differs from the cluster's.
fn report_config_drift(node: &Node, own: &Bootstrap) {
    let drift = config_drift::find(own, node.cluster());
    for difference in &drift {
        tracing::warn!("{difference}");
    }
    node.set_config_drift(drift);
}
