//! One run of the daemon, from settings to the signal that ends it.

use crate::admin::{self, Daemon};
use crate::check::uplink_problem;
use crate::config::Settings;
use crate::lan_interface::{self, LanInterface};
use crate::listeners::Listeners;
use crate::reload::Reload;
use crate::startup::{self, BootstrapRequest};
use crate::supervise::supervise;
use crate::{config_drift, dhcp, listen_ip_watch, nat, readiness};
use anyhow::{Context, Result, anyhow};
use cluster::{Cluster, ClusterConfig, Snapshots, Timings};
use std::future::Future;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Operators who may wait for a bootstrap at a time.
const BOOTSTRAP_REQUESTS: usize = 4;

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
    warn_if_open(&settings);
    if let Some(uplink) = &settings.uplink_interface
        && let Err(problem) = uplink_problem(uplink).await
    {
        tracing::warn!("{problem}");
    }
    let cluster = Cluster::start(cluster_config(&settings, &lan))
        .await
        .context("starting the cluster node")?;
    tracing::info!(
        node = %settings.node, listen_ip = %lan.listen_ip, interface = lan.interface,
        peers = %settings.peer_listen, admin = %settings.admin_listen,
        "gatewayd {} is up", env!("CARGO_PKG_VERSION")
    );
    let (bootstrap, requests) = mpsc::channel(BOOTSTRAP_REQUESTS);
    let listeners = Listeners::new(settings.peer_listen.port(), settings.admin_listen.port()).await;
    listeners.tell(&cluster);
    let daemon = Arc::new(Daemon::new(cluster.clone(), bootstrap, warnings));
    let mut tasks = JoinSet::new();
    let watched = Arc::clone(&daemon);
    tasks.spawn(async move { watched.outages.watch(&watched.cluster).await });
    admin::serve(settings.admin_listen, Arc::clone(&daemon), &mut tasks).await?;
    readiness::ready();
    let outcome = tokio::select! {
        () = &mut stop => Ok(()),
        reason = cluster.broken() => Err(anyhow!(reason).context("ending, to be started again")),
        outcome = serve(&settings, &lan, &cluster, &daemon, requests, listeners) => outcome,
    };
    if outcome.is_ok() {
        readiness::stopping();
        tracing::info!("stopping; the kernel's rules stay");
    }
    tasks.shutdown().await;
    cluster.shutdown().await;
    outcome
}

/// Everything that needs the cluster to have accepted this node.
async fn serve(
    settings: &Settings,
    lan: &LanInterface,
    cluster: &Cluster,
    daemon: &Arc<Daemon>,
    requests: mpsc::Receiver<BootstrapRequest>,
    listeners: Listeners,
) -> Result<()> {
    let mut tasks = JoinSet::new();
    let started = nat::start(cluster, settings, lan, daemon, &mut tasks);
    started.context("starting NAT")?;
    startup::bootstrap_or_join(settings, cluster, requests).await?;
    report_config_drift(settings, cluster, daemon);
    tasks.spawn(listeners.follow(cluster.clone()));
    let silenced = cluster.clone();
    tasks.spawn(supervise(
        "watch of the listen IP",
        listen_ip_watch::watch(cluster.clone(), lan.clone()),
        move |reason| silenced.silence(listen_ip_watch::PART, Some(reason)),
    ));
    dhcp::serve(settings, lan, cluster, daemon).await
}

/// Logs where this node's configuration differs from the cluster's.
fn report_config_drift(settings: &Settings, cluster: &Cluster, daemon: &Daemon) {
    let drift = config_drift::find(settings, cluster);
    for difference in &drift {
        tracing::warn!("{difference}");
    }
    daemon.set_config_drift(drift);
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

fn cluster_config(settings: &Settings, lan: &LanInterface) -> ClusterConfig {
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
