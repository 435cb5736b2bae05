//! Starts natd.

use crate::nat_intent::follow_nat_intent;
use crate::node::Node;
use crate::supervise::supervise;
use anyhow::{Context, Result};
use natd::host::HostWatch;
use natd::{NatStatus, NetlinkEvents, NftKernel, NodeContext, Reconciler};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Starts keeping the kernel at the intent, and tells the status: as soon as the node is up, so that its
/// host is guarded before it is part of a cluster, and without an uplink too. What its forwards may do
/// until the node is level, natd knows.
pub(crate) fn start(node: &Arc<Node>, context: NodeContext, tasks: &mut JoinSet<()>) -> Result<()> {
    let kernel = NftKernel::open().context("opening nf_tables (gatewayd needs CAP_NET_ADMIN)")?;
    let events = NetlinkEvents::open().context("listening for changes of the kernel's rules")?;
    let host = HostWatch::open().context("listening for changes of interfaces and addresses")?;
    let (status, status_receiver) = watch::channel(NatStatus::default());
    let has_uplink = context.uplink_interface.is_some();
    let (contexts, context) = watch::channel(Arc::new(context));
    let (problems, problems_receiver) = watch::channel(Vec::new());
    let (input, follow) = follow_nat_intent(node.cluster().clone());
    node.nat.set(status_receiver, problems_receiver);
    if !has_uplink {
        tracing::info!(
            "GATEWAY_UPLINK_INTERFACE is not set: this node does no NAT, and guards its host"
        );
    }
    let report = |node: &Arc<Node>| {
        let node = Arc::clone(node);
        move |reason| node.nat.end(reason)
    };
    let look = host.run(contexts, input.intents.clone(), problems);
    let look = supervise("watch of the host", look, report(node));
    tasks.spawn(look);
    let reconciler = Reconciler::new(kernel, events, context, input.vacated);
    let reconcile = reconciler.run(input.intents, status);
    let reconcile = supervise("NAT reconciler", reconcile, report(node));
    tasks.spawn(reconcile);
    let follow = supervise("follower of the NAT intent", follow, report(node));
    tasks.spawn(follow);
    Ok(())
}
