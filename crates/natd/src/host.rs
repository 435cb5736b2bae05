//! Watches the host around our table for what stops traffic that should flow (S11), and reports each problem
//! with its cause and remedy. It changes nothing.
//!
//! In: the host's interfaces and addresses, its forwarding switches, others' rules, and the intent.
//! Out: the node's facts as they change (its addresses), and the problems. Kernel calls run on tokio's
//! blocking threads; the future never blocks. Cancel-safe.
//!
//! Not seen: rules of legacy iptables, rules of bridge and netdev tables, and what a chain of others does by
//! expressions that `foreign` does not know. A problem is reported only where it is certain.

mod foreign;
mod switches;

pub use foreign::{ForeignChain, Probe, Traffic};

use crate::context::NodeContext;
use crate::intent::Intent;
use crate::kernel::{KernelError, NftKernel};
use crate::netlink::{Interface, InterfaceAddress, LinkError, Links};
use crate::ruleset::TABLE;
use futures::{FutureExt, StreamExt};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the host is inspected without a notification: changes of others' rules cause none here.
const RESYNC: Duration = Duration::from_secs(3);
/// The least time between two inspections.
const SPACING: Duration = Duration::from_millis(250);
/// How many interfaces a problem names.
const MOST_NAMED: usize = 12;

/// Watches the host.
pub struct HostWatch {
    links: Links,
    events: crate::netlink::Events,
    resync: Duration,
}

/// An inspection that failed.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Of interfaces or addresses.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Of rules.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

impl HostWatch {
    /// Subscribes. Must be called within a tokio runtime.
    pub fn open() -> Result<Self, LinkError> {
        let (links, events) = Links::of_the_host()?;
        Ok(Self {
            links,
            events,
            resync: RESYNC,
        })
    }

    /// Inspects the host this often without a notification.
    #[must_use]
    pub const fn with_resync(mut self, resync: Duration) -> Self {
        self.resync = resync;
        self
    }

    /// Publishes the node's facts and the problems, now and as they change, until nobody listens.
    pub async fn run(
        mut self,
        nodes: watch::Sender<Arc<NodeContext>>,
        intents: watch::Receiver<Arc<Intent>>,
        problems: watch::Sender<Vec<String>>,
    ) {
        loop {
            let node = Arc::clone(&nodes.borrow());
            let intent = Arc::clone(&intents.borrow());
            let found = match self.inspect(&node, &intent).await {
                Ok((addresses, found)) => {
                    nodes.send_if_modified(|current| take_addresses(current, addresses));
                    found
                }
                Err(error) => vec![format!(
                    "the host cannot be looked at: {}: see gatewayd's log",
                    crate::reconcile::report(&error)
                )],
            };
            problems.send_if_modified(|current| publish(current, found));
            tokio::time::sleep(SPACING).await;
            tokio::select! {
                () = problems.closed() => return,
                _ = self.events.next() => {}
                () = tokio::time::sleep(self.resync) => {}
            }
            while let Some(Some(_)) = self.events.next().now_or_never() {}
        }
    }

    async fn inspect(
        &self,
        node: &Arc<NodeContext>,
        intent: &Arc<Intent>,
    ) -> Result<(Vec<Ipv4Addr>, Vec<String>), HostError> {
        let interfaces = self.links.interfaces().await?;
        let addresses = self.links.addresses().await?;
        let mut found = uplink(node, &interfaces, &addresses);
        found.extend(lan(node, &interfaces, &addresses));
        let (node, intent) = (Arc::clone(node), Arc::clone(intent));
        let work = tokio::task::spawn_blocking(move || -> Result<Vec<String>, HostError> {
            let mut found = switches::closed(&node);
            let foreign = NftKernel::open()?.foreign_chains(&[TABLE])?;
            let probes = probes(&node, &intent, switches::filters_bridged(&node));
            found.extend(foreign::problems(&foreign, &probes));
            Ok(found)
        });
        found.extend(match work.await {
            Ok(more) => more?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        });
        let all = addresses.iter().map(|address| address.address).collect();
        Ok((all, found))
    }
}

fn take_addresses(current: &mut Arc<NodeContext>, addresses: Vec<Ipv4Addr>) -> bool {
    let addresses = addresses.into_iter().collect();
    let changed = current.addresses != addresses;
    if changed {
        Arc::make_mut(current).addresses = addresses;
    }
    changed
}

/// Logs which problems are new and which are over.
fn publish(current: &mut Vec<String>, found: Vec<String>) -> bool {
    for problem in found.iter().filter(|problem| !current.contains(problem)) {
        tracing::warn!("{problem}");
    }
    for problem in current.iter().filter(|problem| !found.contains(problem)) {
        tracing::info!("no more: {problem}");
    }
    let changed = *current != found;
    *current = found;
    changed
}

/// An uplink that is absent, renamed, down or without an address.
#[must_use]
pub fn uplink(
    node: &NodeContext,
    interfaces: &[Interface],
    addresses: &[InterfaceAddress],
) -> Vec<String> {
    let Some(name) = node.uplink_interface.as_ref() else {
        return Vec::new();
    };
    let Some(uplink) = interfaces.iter().find(|one| one.name == name.as_str()) else {
        let names: Vec<_> = interfaces.iter().map(|one| one.name.as_str()).collect();
        let shown = names.len().min(MOST_NAMED);
        let more = if names.len() > shown { ", …" } else { "" };
        return vec![format!(
            "there is no interface {name} (GATEWAY_UPLINK_INTERFACE), so clients have no way out: bring \
             it up, or if it has another name now, set that; this host has {}{more}",
            names[..shown].join(", ")
        )];
    };
    let mut problems = Vec::new();
    if !uplink.up {
        problems.push(format!(
            "the uplink {name} is switched off: `ip link set {name} up`"
        ));
    }
    if !addresses
        .iter()
        .any(|address| address.index == uplink.index)
    {
        problems.push(format!(
            "the uplink {name} has no IPv4 address, so clients have no way out: give it one \
             (`ip address add ADDRESS/PREFIX dev {name}`), or set GATEWAY_UPLINK_INTERFACE to the \
             interface that has it"
        ));
    }
    problems
}

/// A listen IP that is gone. The host's route to the clients went with it, so packets for them would leave by
/// the uplink (LAN leak), and forwarded connections have no source address.
#[must_use]
pub fn lan(
    node: &NodeContext,
    interfaces: &[Interface],
    addresses: &[InterfaceAddress],
) -> Option<String> {
    let (listen_ip, lan) = (node.listen_ip, &node.lan_interface);
    let interface = interfaces.iter().find(|one| one.name == lan.as_str());
    let there = interface.is_some_and(|lan| {
        let mut own = addresses.iter().filter(|one| one.index == lan.index);
        own.any(|one| one.address == listen_ip)
    });
    (node.uplink_interface.is_some() && !there).then(|| {
        format!(
            "the listen IP {listen_ip} is gone from {lan}, so nothing from outside finds the clients: \
             `ip address add {listen_ip}/PREFIX dev {lan}`"
        )
    })
}

/// The traffic that others' chains are asked about. `filters_bridged`: they see what the bridge carries, too.
#[must_use]
pub fn probes(node: &NodeContext, intent: &Intent, filters_bridged: bool) -> Vec<Probe> {
    let lan = node.lan_interface.as_str();
    let Some(subnet) = intent.view.subnets.first() else {
        return Vec::new();
    };
    let mut probes = Vec::from(Probe::dhcp(lan, subnet.network, node.listen_ip));
    if filters_bridged {
        probes.push(Probe::bridged(lan, subnet.network));
    }
    let Some(uplink) = &node.uplink_interface else {
        return probes;
    };
    probes.extend(Probe::outbound(lan, uplink.as_str(), subnet.network));
    if let Some(forward) = intent.view.forwards.first() {
        probes.push(Probe::inbound(lan, uplink.as_str(), forward));
    }
    probes
}
