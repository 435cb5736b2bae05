//! natd, fed with the replicated intent.

use anyhow::{Context, Result};
use cluster::Cluster;
use natd::{InterfaceName, NatStatus, NetlinkEvents, NftKernel, NodeContext, Reconciler};
use std::net::Ipv4Addr;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::link::Place;

/// Starts keeping the kernel at the intent. Call once the cluster's state is there: an empty view
/// would withdraw every port forward until it is.
pub fn start(
    cluster: &Cluster,
    place: &Place,
    uplink: &str,
    router: Ipv4Addr,
    tasks: &mut JoinSet<()>,
) -> Result<watch::Receiver<NatStatus>> {
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
    tasks.spawn(Reconciler::new(kernel, events, context).run(views, status));
    tasks.spawn(follow);
    Ok(status_receiver)
}
