//! Interfaces (links) and addresses of this host, over rtnetlink.
//!
//! In: the kernel's tables of links and addresses. Out: typed answers; the caller tells the operator what
//! they mean. It changes nothing. Nothing blocks: a task of its own (spawned on the current tokio runtime,
//! ended when the handle is dropped) carries the messages. Cancel-safe.

mod dump;
mod watch;

pub use watch::{AddressPresence, AddressWatch};

use futures::channel::mpsc::UnboundedReceiver;
use ipam::Ipv4Network;
use rtnetlink::packet_core::NetlinkMessage;
use rtnetlink::packet_route::RouteNetlinkMessage;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use tokio::task::JoinHandle;

/// A question that the kernel did not answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No socket.
    #[error("opening a netlink socket for interfaces and addresses")]
    Open(#[source] std::io::Error),
    /// A dump failed.
    #[error("{doing}")]
    Dump {
        /// What we were doing.
        doing: &'static str,
        /// Why it failed.
        source: rtnetlink::Error,
    },
    /// The kernel's change notifications ended.
    #[error("waiting for changes of addresses: the netlink connection has ended")]
    Ended,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its hardware address, if it has one of the Ethernet kind.
    pub mac: Option<[u8; 6]>,
    /// Whether it is switched on (`ip link set … up`).
    pub up: bool,
}

/// An IPv4 address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The interface's index.
    pub index: u32,
    /// The address.
    pub address: Ipv4Addr,
    /// The prefix length that it was configured with.
    pub prefix: u8,
}

/// Which address of an interface is this node's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenIp {
    /// There is no such interface.
    NoInterface,
    /// The interface has no address in the network, besides the router's.
    NoAddress,
    /// This one.
    One(Ipv4Addr),
    /// These could all be it, in order.
    Several(Vec<Ipv4Addr>),
}

/// Which interface has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// None.
    None,
    /// This one.
    One(Interface),
    /// These, in the order of their indices.
    Several(Vec<Interface>),
}

/// A connection to the kernel's tables, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Links {
    handle: rtnetlink::Handle,
    task: JoinHandle<()>,
}

/// The kernel's change notifications.
pub(crate) type Events = UnboundedReceiver<(
    NetlinkMessage<RouteNetlinkMessage>,
    rtnetlink::sys::SocketAddr,
)>;

impl Links {
    /// Connects. Must be called within a tokio runtime.
    pub fn open() -> Result<Self, LinkError> {
        Ok(Self::subscribed(&[])?.0)
    }

    /// Connects, and subscribes to every change of interfaces and addresses.
    pub(crate) fn of_the_host() -> Result<(Self, Events), LinkError> {
        use rtnetlink::MulticastGroup::{Ipv4Ifaddr, Link};
        Self::subscribed(&[Link, Ipv4Ifaddr])
    }

    /// Every IPv4 address, in the kernel's order.
    pub async fn addresses(&self) -> Result<Vec<InterfaceAddress>, LinkError> {
        dump::addresses(&self.handle).await
    }

    /// At which addresses others reach this host, IPv4 and IPv6: all but those of the loopback and of one link.
    pub async fn reachable_addresses(&self) -> Result<BTreeSet<IpAddr>, LinkError> {
        let mut addresses = dump::all_addresses(&self.handle).await?;
        addresses.retain(|address| match address {
            IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
            IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
        });
        Ok(addresses)
    }

    fn subscribed(groups: &[rtnetlink::MulticastGroup]) -> Result<(Self, Events), LinkError> {
        let (connection, handle, events) =
            rtnetlink::new_multicast_connection(groups).map_err(LinkError::Open)?;
        Ok((
            Self {
                handle,
                task: tokio::spawn(connection),
            },
            events,
        ))
    }

    /// Every interface, by index.
    pub async fn interfaces(&self) -> Result<Vec<Interface>, LinkError> {
        dump::interfaces(&self.handle).await
    }

    /// The interface of this name.
    pub async fn interface(&self, name: &str) -> Result<Option<Interface>, LinkError> {
        Ok(self
            .interfaces()
            .await?
            .into_iter()
            .find(|interface| interface.name == name))
    }

    /// The IPv4 addresses of an interface, in the kernel's order; none if there is no such interface.
    pub async fn addresses_of(
        &self,
        name: &str,
    ) -> Result<Option<Vec<InterfaceAddress>>, LinkError> {
        let Some(interface) = self.interface(name).await? else {
            return Ok(None);
        };
        let mut addresses = dump::addresses(&self.handle).await?;
        addresses.retain(|address| address.index == interface.index);
        Ok(Some(addresses))
    }

    /// Which interface has `address`: how a listen address leads to its interface.
    pub async fn interface_of(&self, address: Ipv4Addr) -> Result<Holder, LinkError> {
        let mut addresses = dump::addresses(&self.handle).await?;
        addresses.retain(|candidate| candidate.address == address);
        let mut holders = self.interfaces().await?;
        holders.retain(|interface| {
            addresses
                .iter()
                .any(|address| address.index == interface.index)
        });
        Ok(match holders.len() {
            0 => Holder::None,
            1 => Holder::One(holders.remove(0)),
            _ => Holder::Several(holders),
        })
    }

    /// Which address of `interface` in `network` is this node's own. The `router` address is not: it
    /// is on every host.
    pub async fn detect_listen_ip(
        &self,
        interface: &str,
        network: Ipv4Network,
        router: Ipv4Addr,
    ) -> Result<ListenIp, LinkError> {
        let Some(addresses) = self.addresses_of(interface).await? else {
            return Ok(ListenIp::NoInterface);
        };
        Ok(choose_listen_ip(
            addresses.iter().map(|address| address.address),
            network,
            router,
        ))
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn choose_listen_ip(
    addresses: impl Iterator<Item = Ipv4Addr>,
    network: Ipv4Network,
    router: Ipv4Addr,
) -> ListenIp {
    let mut candidates: Vec<_> = addresses
        .filter(|address| network.contains(*address) && *address != router)
        .collect();
    candidates.sort_unstable();
    candidates.dedup();
    match candidates[..] {
        [] => ListenIp::NoAddress,
        [address] => ListenIp::One(address),
        _ => ListenIp::Several(candidates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_address_is_never_the_nodes_own() {
        let network = Ipv4Network::new(Ipv4Addr::new(10, 15, 3, 0), 24).expect("a network");
        let [router, ten, eleven] = [1, 10, 11].map(|host| Ipv4Addr::new(10, 15, 3, host));
        let elsewhere = Ipv4Addr::new(192, 0, 2, 1);
        let choose =
            |addresses: &[Ipv4Addr]| choose_listen_ip(addresses.iter().copied(), network, router);
        assert_eq!(choose(&[router, elsewhere]), ListenIp::NoAddress);
        assert_eq!(choose(&[elsewhere, router, ten]), ListenIp::One(ten));
        assert_eq!(
            choose(&[eleven, router, ten]),
            ListenIp::Several(vec![ten, eleven])
        );
    }
}
