//! One run of the daemon, from settings to the signal that ends it.

use crate::check::{peers_problem, uplink_problem};
use crate::config::Settings;
use crate::reload::Reload;
use crate::{grpc, lan_interface, node_config, readiness};
use anyhow::{Context, Result, anyhow};
use cluster::Cluster;
use node::{Listeners, Node};
use operator::Operations;
use std::future::Future;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

/// Runs until a signal says stop, or a part cannot go on.
pub async fn run(settings: Settings, warnings: Vec<String>, reload: Reload) -> Result<()> {
    let mut stop = std::pin::pin!(stop_signal()?);
    let hangups = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
    let mut reloading = JoinSet::new();
    reloading.spawn(reload.at_each(hangups));
    let lan = lan_interface::resolve(
        settings.listen_ip,
        settings.interface.as_deref(),
        &settings.subnet,
    )
    .await
    .context("finding this node's place on the clients' network")?;
    warn(&settings).await;
    let config = node_config::node_config(&settings, lan.clone())?;
    let (peer_port, admin_port) = (settings.peer_listen.port(), settings.admin_listen.port());
    let listeners = Listeners::new(peer_port, admin_port).await;
    let cluster = Cluster::start(node_config::cluster_config(&settings, &lan))
        .await
        .context("starting the cluster node")?;
    tracing::info!(
        node = %settings.node, listen_ip = %lan.listen_ip, interface = lan.interface,
        peers = %settings.peer_listen, admin = %settings.admin_listen,
        "gatewayd {} is up", env!("CARGO_PKG_VERSION")
    );
    // Before an operator can ask for a forward: it must not take one of this host's ports (S9).
    listeners.tell(&cluster);
    let (node, requests) = Node::new(cluster.clone(), warnings);
    let node = Arc::new(node);
    if let Some(problem) = peers_problem(&settings, Some(&lan)) {
        node.note_nat_problem(problem);
    }
    let mut tasks = JoinSet::new();
    let watched = Arc::clone(&node);
    tasks.spawn(async move { watched.watch_outages().await });
    let operations = Operations::new(Arc::clone(&node));
    grpc::serve(settings.admin_listen, operations, &mut tasks).await?;
    readiness::ready();
    let outcome = tokio::select! {
        () = &mut stop => Ok(()),
        reason = cluster.broken() => Err(anyhow!(reason).context("ending, to be started again")),
        outcome = node::serve(&node, config, listeners, requests) => outcome,
    };
    if outcome.is_ok() {
        readiness::stopping();
        tracing::info!("stopping; the kernel's rules stay");
    }
    tasks.shutdown().await;
    cluster.shutdown().await;
    outcome
}

/// Says what is not as it should be, and lets the node start all the same.
async fn warn(settings: &Settings) {
    warn_if_open(settings);
    if let Some(uplink) = &settings.uplink_interface
        && let Err(problem) = uplink_problem(uplink).await
    {
        tracing::warn!("{problem}");
    }
}

/// On the loopback, whoever reaches the port is on this host already.
fn warn_if_open(settings: &Settings) {
    if settings.peer_tls.is_none() && !settings.peer_listen.ip().is_loopback() {
        tracing::warn!(
            peers = %settings.peer_listen,
            "GATEWAY_PEER_INSECURE=yes: the peer port has no authentication, and whoever reaches it \
             can change anything. Set GATEWAY_TLS_CA, GATEWAY_TLS_CERT and GATEWAY_TLS_KEY"
        );
    }
}

fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
