//! natd, fed with the replicated intent and with what the host is.

use anyhow::{Context, Result};
use cluster::Cluster;
use natd::host::HostWatch;
use natd::{InterfaceName, NatStatus, NetlinkEvents, NftKernel, NodeContext, Reconciler};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin::Daemon;
use crate::check::peers_problem;
use crate::config::Settings;
use crate::lan_interface::LanInterface;
use crate::supervise::supervise;

/// Starts keeping the kernel at the intent, and tells the status: as soon as the node is up, so that its
/// host is guarded before it is part of a cluster, and without an uplink too. What its forwards may do
/// until the node is level, natd knows.
pub fn start(
    cluster: &Cluster,
    settings: &Settings,
    lan: &LanInterface,
    daemon: &Arc<Daemon>,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let kernel = NftKernel::open().context("opening nf_tables (gatewayd needs CAP_NET_ADMIN)")?;
    let events = NetlinkEvents::open().context("listening for changes of the kernel's rules")?;
    let host = HostWatch::open().context("listening for changes of interfaces and addresses")?;
    let (status, status_receiver) = watch::channel(NatStatus::default());
    let (nodes, node) = watch::channel(Arc::new(context(settings, lan)?));
    let (problems, problems_receiver) = watch::channel(Vec::new());
    let (input, follow) = gatewayd::follow_nat_intent(cluster.clone());
    daemon.nat.set(status_receiver, problems_receiver);
    daemon.nat.note(peers_problem(settings, Some(lan)));
    if settings.uplink_interface.is_none() {
        tracing::info!(
            "GATEWAY_UPLINK_INTERFACE is not set: this node does no NAT, and guards its host"
        );
    }
    let report = |daemon: Arc<Daemon>| move |reason| daemon.nat.end(reason);
    let look = host.run(nodes, input.intents.clone(), problems);
    let look = supervise("watch of the host", look, report(Arc::clone(daemon)));
    tasks.spawn(look);
    let reconciler = Reconciler::new(kernel, events, node, input.vacated);
    let reconcile = reconciler.run(input.intents, status);
    let reconcile = supervise("NAT reconciler", reconcile, report(Arc::clone(daemon)));
    tasks.spawn(reconcile);
    let follow = supervise(
        "follower of the NAT intent",
        follow,
        report(Arc::clone(daemon)),
    );
    tasks.spawn(follow);
    Ok(())
}

fn context(settings: &Settings, lan: &LanInterface) -> Result<NodeContext> {
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
