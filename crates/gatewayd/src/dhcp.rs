//! The DHCP server, kept up for as long as the daemon runs.
//!
//! What cannot be bound at the start is an error. Later, a lost interface (a bridge that is made
//! anew, say) must not end the daemon: the node still has a vote, and its peers need it. It is out of
//! service meanwhile (see `presence`) and serves again when the interface is back.

use crate::admin::Daemon;
use crate::config::Settings;
use crate::link::Place;
use anyhow::{Context, Result};
use cluster::Cluster;
use dhcpd::{DhcpServer, RateLimits, ServerConfig, ServerError};
use gatewayd::ClusterLeases;
use std::sync::Arc;
use std::time::Duration;

/// How often a lost interface is looked for.
const REBIND_RETRY: Duration = Duration::from_secs(1);

/// Serves until dropped.
pub async fn serve(
    settings: &Settings,
    place: &Place,
    cluster: &Cluster,
    daemon: &Daemon,
) -> Result<()> {
    let config = ServerConfig {
        node: settings.node,
        subnet: settings.subnet.id,
        interface: place.interface.clone(),
        listen_ip: place.listen_ip,
        limits: RateLimits::default(),
    };
    let mut server = bind(&config, cluster).context("starting the DHCP server")?;
    loop {
        daemon.set_dhcp(server.counters());
        if let Err(error) = server.run(std::future::pending()).await {
            let error = anyhow::Error::from(error);
            tracing::warn!("DHCP has stopped, waiting for its interface: {error:#}");
        }
        server = rebind(&config, cluster).await;
    }
}

fn bind(config: &ServerConfig, cluster: &Cluster) -> Result<DhcpServer, ServerError> {
    DhcpServer::bind(config, Arc::new(ClusterLeases::new(cluster.clone())))
}

async fn rebind(config: &ServerConfig, cluster: &Cluster) -> DhcpServer {
    loop {
        tokio::time::sleep(REBIND_RETRY).await;
        match bind(config, cluster) {
            Ok(server) => return server,
            Err(error) => tracing::debug!(%error, "the DHCP server cannot be bound yet"),
        }
    }
}
