//! A subnet's reservations, to be found by client and by address. They follow from the objects.

use crate::ClientKey;
use alloc::collections::BTreeMap;
use core::net::Ipv4Addr;

/// A subnet's reservations, one address a client and one client an address (S9).
///
/// A reserved address may lie outside the pool, never outside the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reservations {
    by_client: BTreeMap<ClientKey, Ipv4Addr>,
    by_address: BTreeMap<Ipv4Addr, ClientKey>,
}

impl Reservations {
    /// The address that is kept for `client`.
    #[must_use]
    pub fn address_of(&self, client: &ClientKey) -> Option<Ipv4Addr> {
        self.by_client.get(client).copied()
    }

    /// The client that `address` is kept for.
    #[must_use]
    pub fn client_of(&self, address: Ipv4Addr) -> Option<&ClientKey> {
        self.by_address.get(&address)
    }

    /// Every reservation, by client.
    pub fn iter(&self) -> impl Iterator<Item = (&ClientKey, Ipv4Addr)> {
        self.by_client
            .iter()
            .map(|(client, address)| (client, *address))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_client.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_client.is_empty()
    }

    /// Adds one. Neither the client nor the address has one: the object was checked before.
    pub(crate) fn insert(&mut self, client: ClientKey, address: Ipv4Addr) {
        self.by_address.insert(address, client.clone());
        self.by_client.insert(client, address);
    }

    pub(crate) fn remove(&mut self, client: &ClientKey) {
        if let Some(address) = self.by_client.remove(client) {
            self.by_address.remove(&address);
        }
    }
}
