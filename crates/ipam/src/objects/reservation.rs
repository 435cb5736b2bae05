//! Reservations: this address is for this client and nobody else.

use super::Object;
use super::forward::{forwards_to, left_open};
use crate::{
    AddressRefusal, ClientIdentifier, ClientKey, HardwareAddress, ObjectRefusal, State, Subnet,
    SubnetId, budget,
};
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::fmt;
use core::net::Ipv4Addr;

/// An address that is kept for a client. It may lie outside the pool, never outside the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Where.
    pub subnet: SubnetId,
    /// For whom: one address a client.
    pub client: ClientKey,
    /// Which address: one client an address (S9).
    pub address: Ipv4Addr,
}

/// Whose reservation, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReservationKey {
    /// Where.
    pub subnet: SubnetId,
    /// For whom.
    pub client: ClientKey,
}

impl Object for Reservation {
    type Key = ReservationKey;

    const LIMIT: usize = 65_536;

    fn key(&self) -> ReservationKey {
        ReservationKey {
            subnet: self.subnet,
            client: self.client.clone(),
        }
    }

    fn size_bound(&self) -> usize {
        budget::key_bytes(&self.client)
    }

    fn check(&self, state: &State) -> Result<(), ObjectRefusal> {
        let address = self.address;
        let subnet = self.subnet_in(state)?;
        if !subnet.config.is_host_address(address) {
            return Err(AddressRefusal::NotInSubnet(address).into());
        }
        if !subnet.config.identity.uses(&self.client) {
            return Err(ObjectRefusal::IdentifierNotUsed(self.subnet));
        }
        if address == subnet.config.router || subnet.config.is_excluded(address) {
            return Err(AddressRefusal::NotAvailable(address).into());
        }
        let other = subnet.reservations.client_of(address);
        match other.filter(|other| **other != self.client) {
            Some(other) => Err(AddressRefusal::ReservedForAnother {
                address,
                client: other.clone(),
            }
            .into()),
            None => Ok(()),
        }
    }

    /// Refused while somebody else holds the address: the operator decides who has to go.
    fn admit(&self, state: &State, _: bool) -> Result<(), ObjectRefusal> {
        let address = self.address;
        let subnet = self.subnet_in(state)?;
        if let Some(node) = state.node_at(address) {
            return Err(AddressRefusal::OfNode { address, node }.into());
        }
        let lease = subnet.leases.get(address);
        let held = lease.filter(|lease| lease.state.is_held());
        match held.filter(|lease| !lease.is_of(&self.client)) {
            Some(lease) => Err(AddressRefusal::HeldByAnother {
                address,
                holder: lease.client.clone(),
            }
            .into()),
            None => Ok(()),
        }
    }

    /// The subnet's index of them, and which addresses others may get (S4).
    fn on_change(state: &mut State, before: Option<&Self>, after: Option<&Self>) {
        if let Some(before) = before {
            state.unreserve(before);
        }
        if let Some(after) = after {
            state.reserve(after);
        }
    }

    fn taken(&self) -> String {
        format!("{} is reserved for this client already", self.address)
    }

    fn notices_when_gone(&self, state: &State) -> Vec<String> {
        let subnet = state.subnets.get(&self.subnet);
        if !subnet.is_some_and(|subnet| subnet.config.is_dynamic(self.address)) {
            return Vec::new();
        }
        let left = forwards_to(state, self.address);
        left.map(|key| left_open(key, self.address)).collect()
    }

    fn samples() -> Vec<Self> {
        let hardware = HardwareAddress::ethernet([2, 0xaa, 0, 0, 0, 1]);
        let mut samples = vec![Self {
            subnet: SubnetId(1),
            client: ClientKey::Hardware(hardware),
            address: Ipv4Addr::new(10, 15, 3, 50),
        }];
        samples.extend(ClientIdentifier::new(&[0xff, 0, 1]).map(|identifier| Self {
            subnet: SubnetId(2),
            client: ClientKey::Identifier(identifier),
            address: Ipv4Addr::new(10, 16, 0, 9),
        }));
        samples
    }
}

impl Reservation {
    fn subnet_in<'a>(&self, state: &'a State) -> Result<&'a Subnet, ObjectRefusal> {
        let subnet = state.subnets.get(&self.subnet);
        subnet.ok_or(ObjectRefusal::UnknownSubnet(self.subnet))
    }
}

impl State {
    fn reserve(&mut self, reservation: &Reservation) {
        if let Some(subnet) = self.subnets.get_mut(&reservation.subnet) {
            let client = reservation.client.clone();
            subnet.reservations.insert(client, reservation.address);
        }
        self.refresh_allocatable_address(reservation.subnet, reservation.address);
    }

    fn unreserve(&mut self, reservation: &Reservation) {
        if let Some(subnet) = self.subnets.get_mut(&reservation.subnet) {
            subnet.reservations.remove(&reservation.client);
        }
        self.refresh_allocatable_address(reservation.subnet, reservation.address);
    }
}

impl fmt::Display for ReservationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in subnet {}", self.client, self.subnet)
    }
}

/// The address that is kept.
impl fmt::Display for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
