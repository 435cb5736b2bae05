//! One run of the daemon, from settings to the signal that ends it.

use crate::admin::{self, Daemon};
use crate::begin::{self, BootstrapRequest};
use crate::check::uplink_problem;
use crate::config::Settings;
use crate::link::{self, Place};
use crate::listeners::Listeners;
use crate::reload::Reload;
use crate::supervise::supervise;
use crate::{dhcp, nat, notices, presence, readiness};
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
    let place = link::resolve(
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
    let cluster = Cluster::start(cluster_config(&settings, &place))
        .await
        .context("starting the cluster node")?;
    tracing::info!(
        node = %settings.node, listen_ip = %place.listen_ip, interface = place.interface,
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
        outcome = serve(&settings, &place, &cluster, &daemon, requests, listeners) => outcome,
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
    place: &Place,
    cluster: &Cluster,
    daemon: &Arc<Daemon>,
    requests: mpsc::Receiver<BootstrapRequest>,
    listeners: Listeners,
) -> Result<()> {
    let mut tasks = JoinSet::new();
    let started = nat::start(cluster, settings, place, daemon, &mut tasks);
    started.context("starting NAT")?;
    begin::begin(settings, cluster, requests).await?;
    tell_differences(settings, cluster, daemon);
    tasks.spawn(listeners.follow(cluster.clone()));
    let silenced = cluster.clone();
    tasks.spawn(supervise(
        "watch of the listen IP",
        presence::watch(cluster.clone(), place.clone()),
        move |reason| silenced.silence(presence::PART, Some(reason)),
    ));
    dhcp::serve(settings, place, cluster, daemon).await
}

/// Says where this node's configuration differs.
fn tell_differences(settings: &Settings, cluster: &Cluster, daemon: &Daemon) {
    let differences = notices::differences(settings, cluster);
    for difference in &differences {
        tracing::warn!("{difference}");
    }
    daemon.set_notices(differences);
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

fn cluster_config(settings: &Settings, place: &Place) -> ClusterConfig {
    ClusterConfig {
        node: settings.node,
        data_dir: settings.data_dir.clone(),
        peer_listen: settings.peer_listen,
        peer_address: settings.peer_address.clone(),
        listen_ip: place.listen_ip,
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
