//! What operators ask: reservations, port forwards, source NAT.

use super::Verdict;
use super::lease::subnet_mut;
use crate::reservation::Reservations;
use crate::{
    ClientKey, Event, Forward, ForwardKey, ForwardTarget, Outcome, Refusal, SourceNat, State,
    SubnetId,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// The most port forwards that a cluster can have.
const MAX_FORWARDS: usize = 10_000;

impl State {
    /// Refused while somebody else holds the address: the operator decides who has to go.
    pub(super) fn add_reservation(
        &mut self,
        id: SubnetId,
        client: &ClientKey,
        address: Ipv4Addr,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let node = self.node_at(address);
        let subnet = subnet_mut(&mut self.subnets, id)?;
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
        if let Some(lease) = lease.filter(|lease| lease.client != *client) {
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

    /// One public port has one owner (S9).
    pub(super) fn add_forward(
        &mut self,
        key: ForwardKey,
        forward: &Forward,
        events: &mut Vec<Event>,
    ) -> Verdict {
        if key.port == 0 || forward.target_port == 0 {
            return Err(Refusal::PortZero);
        }
        if self.nat.forwards.contains_key(&key) && !crate::mutated!("s9_port_taken_over") {
            return Err(Refusal::PortTaken);
        }
        if self.nat.forwards.len() >= MAX_FORWARDS {
            return Err(Refusal::TooMany {
                what: "port forwards",
                limit: MAX_FORWARDS,
            });
        }
        self.check_target(&forward.target)?;
        self.nat.forwards.insert(key, forward.clone());
        events.push(Event::ForwardChanged(key));
        Ok(Outcome::Done)
    }

    pub(super) fn remove_forward(&mut self, key: ForwardKey, events: &mut Vec<Event>) -> Verdict {
        self.nat
            .forwards
            .remove(&key)
            .ok_or(Refusal::NotFound("port forward"))?;
        events.push(Event::ForwardChanged(key));
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

    /// A forward leads into a subnet of ours, never to a third party.
    fn check_target(&self, target: &ForwardTarget) -> Result<(), Refusal> {
        match target {
            ForwardTarget::Address(address) => {
                let subnet = self.subnet_containing(*address);
                let host = subnet.is_some_and(|subnet| subnet.config.is_host_address(*address));
                host.then_some(()).ok_or(Refusal::NotInSubnet(*address))
            }
            ForwardTarget::Client { subnet, .. } => {
                let known = self.subnets.contains_key(subnet);
                known.then_some(()).ok_or(Refusal::UnknownSubnet(*subnet))
            }
        }
    }
}
