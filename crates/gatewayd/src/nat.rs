//! natd, fed with the replicated intent.

use anyhow::{Context, Result};
use cluster::Cluster;
use natd::{InterfaceName, NatStatus, NetlinkEvents, NftKernel, NodeContext, Reconciler};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin::Daemon;
use crate::link::Place;
use crate::supervise::supervise;

/// Starts keeping the kernel at the intent, and tells the status. Call once the cluster's state is there: an empty view
/// would withdraw every port forward until it is.
pub fn start(
    cluster: &Cluster,
    place: &Place,
    uplink: &str,
    router: Ipv4Addr,
    daemon: &Arc<Daemon>,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let context = NodeContext {
        lan_interface: InterfaceName::new(&place.interface).context("GATEWAY_DHCP_INTERFACE")?,
        uplink_interface: InterfaceName::new(uplink).context("GATEWAY_UPLINK_INTERFACE")?,
        listen_ip: place.listen_ip,
        router,
    };
    let kernel = NftKernel::open().context("opening nf_tables (gatewayd needs CAP_NET_ADMIN)")?;
    let events = NetlinkEvents::open().context("listening for changes of the kernel's rules")?;
    let (status, status_receiver) = watch::channel(NatStatus::default());
    let (views, follow) = gatewayd::follow_nat_intent(cluster.clone());
    daemon.nat.set(status_receiver);
    let report = |daemon: Arc<Daemon>| move |reason| daemon.nat.end(reason);
    let reconcile = Reconciler::new(kernel, events, context).run(views, status);
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
