//! What operators ask: reservations, source NAT. Port forwards are in `forward`.

use super::Verdict;
use super::lease::subnet_mut;
use crate::reservation::Reservations;
use crate::{
    ClientKey, Event, IdentityPolicy, Lease, Outcome, Refusal, SourceNat, State, SubnetId,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl State {
    /// Refused while somebody else holds the address: the operator decides who has to go. The same again is
    /// success: it is there.
    pub(super) fn add_reservation(
        &mut self,
        id: SubnetId,
        client: &ClientKey,
        address: Ipv4Addr,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let node = self.node_at(address);
        let subnet = subnet_mut(&mut self.subnets, id)?;
        if subnet.reservations.address_of(client) == Some(address) {
            return Ok(Outcome::Done);
        }
        let by_hardware = subnet.config.identity == IdentityPolicy::HardwareAddress;
        if by_hardware && matches!(client, ClientKey::Identifier(_)) {
            return Err(Refusal::IdentifierNotUsed(id));
        }
        if !subnet.config.is_host_address(address) {
            return Err(Refusal::NotInSubnet(address));
        }
        if let Some(node) = node {
            return Err(Refusal::NodeAddress { address, node });
        }
        let excluded = subnet.config.is_excluded(address);
        if address == subnet.config.router || excluded {
            return Err(Refusal::NotAvailable(address));
        }
        if let Some(reserved) = subnet.reservations.address_of(client) {
            return Err(Refusal::AlreadyReserved(reserved));
        }
        if let Some(other) = subnet.reservations.client_of(address) {
            return Err(Refusal::ReservedForAnother {
                address,
                client: other.clone(),
            });
        }
        let lease = subnet
            .leases
            .get(address)
            .filter(|lease| lease.state.is_held());
        let is_same = |lease: &Lease| match client {
            ClientKey::Hardware(hardware) => lease.hardware == *hardware,
            ClientKey::Identifier(_) => lease.client == *client,
        };
        if let Some(lease) = lease.filter(|lease| !is_same(lease)) {
            return Err(Refusal::HeldByAnother {
                address,
                holder: lease.client.clone(),
            });
        }
        if subnet.reservations.len() >= Reservations::MAX {
            return Err(Refusal::TooMany {
                what: "reservations",
                limit: Reservations::MAX,
            });
        }
        subnet.reservations.insert(client.clone(), address);
        self.refresh_allocatable_address(id, address);
        events.push(Event::ReservationChanged {
            subnet: id,
            client: client.clone(),
        });
        Ok(Outcome::Done)
    }

    pub(super) fn remove_reservation(
        &mut self,
        id: SubnetId,
        client: &ClientKey,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let subnet = subnet_mut(&mut self.subnets, id)?;
        let address = subnet
            .reservations
            .remove(client)
            .ok_or(Refusal::NotFound("reservation"))?;
        self.refresh_allocatable_address(id, address);
        events.push(Event::ReservationChanged {
            subnet: id,
            client: client.clone(),
        });
        Ok(Outcome::Done)
    }

    pub(super) fn set_source_nat(
        &mut self,
        id: SubnetId,
        source_nat: Option<SourceNat>,
        events: &mut Vec<Event>,
    ) -> Verdict {
        subnet_mut(&mut self.subnets, id)?;
        match source_nat {
            Some(source_nat) => self.nat.source_nat.insert(id, source_nat),
            None => self.nat.source_nat.remove(&id),
        };
        events.push(Event::NatChanged);
        Ok(Outcome::Done)
    }
}
