//! natd, fed with the replicated intent.

use anyhow::{Context, Result};
use cluster::Cluster;
use ipam::NatView;
use natd::{InterfaceName, NatStatus, NetlinkEvents, NftKernel, NodeContext, Reconciler};
use std::net::Ipv4Addr;
use std::sync::Arc;
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
    let (views, view_receiver) = watch::channel(Arc::new(view_of(cluster)));
    tasks.spawn(Reconciler::new(kernel, events, context).run(view_receiver, status));
    tasks.spawn(follow(cluster.clone(), views));
    Ok(status_receiver)
}

/// Hands every change of the intent to natd. An applied entry that changes no view wakes nobody.
async fn follow(cluster: Cluster, views: watch::Sender<Arc<NatView>>) {
    let mut applied = cluster.watch_applied();
    while applied.changed().await.is_ok() {
        let view = view_of(&cluster);
        views.send_if_modified(|current| {
            let changed = **current != view;
            if changed {
                *current = Arc::new(view);
            }
            changed
        });
    }
}

fn view_of(cluster: &Cluster) -> NatView {
    cluster.read(ipam::State::nat_view)
}
