//! Whether an address is on an interface now, and whenever that changes.
//!
//! In: notifications about links and addresses. Their content is not used: on each, both tables are read. A
//! periodic resync covers lost ones. Out: a `watch` of [`AddressPresence`].

use super::{Events, LinkError, Links};
use futures::{FutureExt, StreamExt};
use rtnetlink::MulticastGroup;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::sync::watch;

/// How often both tables are read without a notification.
const RESYNC: Duration = Duration::from_secs(30);

/// Whether an address is usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPresence {
    /// It is on the interface, and the interface is up.
    Present,
    /// It is on the interface, which is switched off.
    Down,
    /// The interface does not have it.
    Absent,
    /// There is no such interface.
    NoInterface,
}

/// Watches one address on one interface.
#[derive(Debug)]
pub struct AddressWatch {
    links: Links,
    events: Events,
    interface: String,
    address: Ipv4Addr,
}

impl AddressWatch {
    /// Subscribes. Must be called within a tokio runtime.
    pub fn open(interface: impl Into<String>, address: Ipv4Addr) -> Result<Self, LinkError> {
        let (links, events) =
            Links::subscribed(&[MulticastGroup::Link, MulticastGroup::Ipv4Ifaddr])?;
        Ok(Self {
            links,
            events,
            interface: interface.into(),
            address,
        })
    }

    /// Whether the address is usable now.
    pub async fn now(&self) -> Result<AddressPresence, LinkError> {
        let Some(interface) = self.links.interface(&self.interface).await? else {
            return Ok(AddressPresence::NoInterface);
        };
        let Some(addresses) = self.links.addresses_of(&self.interface).await? else {
            return Ok(AddressPresence::NoInterface);
        };
        Ok(
            match addresses
                .iter()
                .any(|address| address.address == self.address)
            {
                true if interface.up => AddressPresence::Present,
                true => AddressPresence::Down,
                false => AddressPresence::Absent,
            },
        )
    }

    /// Publishes whether the address is usable, now and after each change, until nobody listens. The first
    /// value is read from the kernel, whatever `presence` held before.
    pub async fn run(mut self, presence: watch::Sender<AddressPresence>) -> Result<(), LinkError> {
        loop {
            let now = self.now().await?;
            presence.send_if_modified(|old| std::mem::replace(old, now) != now);
            tokio::select! {
                () = presence.closed() => return Ok(()),
                event = self.events.next() => event.map(drop).ok_or(LinkError::Ended)?,
                () = tokio::time::sleep(RESYNC) => {}
            }
            // A burst is one reason to look.
            while let Some(Some(_)) = self.events.next().now_or_never() {}
        }
    }
}
