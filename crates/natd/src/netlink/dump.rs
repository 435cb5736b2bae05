//! The dumps of interfaces and of addresses, from netlink's types to ours.

use super::{Interface, InterfaceAddress, LinkError};
use futures::TryStreamExt;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use rtnetlink::{Error, Handle};
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) async fn interfaces(handle: &Handle) -> Result<Vec<Interface>, LinkError> {
    let failed = |source: Error| LinkError::Dump {
        doing: "listing interfaces",
        source,
    };
    let links: Vec<LinkMessage> = handle
        .link()
        .get()
        .execute()
        .try_collect()
        .await
        .map_err(failed)?;
    let mut interfaces: Vec<_> = links.iter().filter_map(interface).collect();
    interfaces.sort_unstable_by_key(|interface| interface.index);
    Ok(interfaces)
}

pub(super) async fn addresses(handle: &Handle) -> Result<Vec<InterfaceAddress>, LinkError> {
    Ok(messages(handle).await?.iter().filter_map(address).collect())
}

/// IPv4 and IPv6.
pub(super) async fn all_addresses(handle: &Handle) -> Result<BTreeSet<IpAddr>, LinkError> {
    Ok(messages(handle).await?.iter().filter_map(own).collect())
}

async fn messages(handle: &Handle) -> Result<Vec<AddressMessage>, LinkError> {
    let failed = |source: Error| LinkError::Dump {
        doing: "listing addresses",
        source,
    };
    let messages = handle.address().get().execute().try_collect();
    messages.await.map_err(failed)
}

fn interface(link: &LinkMessage) -> Option<Interface> {
    let name = link
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name.clone()),
            _ => None,
        })?;
    let mac = link
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::Address(bytes) => <[u8; 6]>::try_from(bytes.as_slice()).ok(),
            _ => None,
        });
    Some(Interface {
        index: link.header.index,
        name,
        mac,
        up: link.header.flags.contains(LinkFlags::Up),
    })
}

fn address(message: &AddressMessage) -> Option<InterfaceAddress> {
    let IpAddr::V4(address) = own(message)? else {
        return None;
    };
    Some(InterfaceAddress {
        index: message.header.index,
        address,
        prefix: message.header.prefix_len,
    })
}

/// On a point-to-point link `Address` is the peer's and `Local` is ours; elsewhere they are equal.
fn own(message: &AddressMessage) -> Option<IpAddr> {
    let find =
        |pick: fn(&AddressAttribute) -> Option<IpAddr>| message.attributes.iter().find_map(pick);
    let local = find(|attribute| match attribute {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    local.or_else(|| {
        find(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    })
}
