//! What nodes ask: the cluster's beginning, their own coming and going, the subnets.

use super::Verdict;
use crate::budget::{MAX_NODES, MAX_SUBNETS};
use crate::reservation::Reservations;
use crate::{
    Bootstrap, Event, LeaseTable, MAX_HOST_ADDRESSES, MAX_LISTENERS, NodeId, NodeRegistration,
    Outcome, PastGrants, Profile, ProfileSetting, Refusal, State, Subnet, SubnetConfig,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl State {
    pub(super) fn bootstrap(&mut self, bootstrap: &Bootstrap, events: &mut Vec<Event>) -> Verdict {
        if self.cluster_id.is_some() {
            return Err(Refusal::AlreadyBootstrapped);
        }
        self.put_subnet(&bootstrap.subnet, events)?;
        self.cluster_id = Some(bootstrap.cluster_id);
        if let Some(source_nat) = bootstrap.source_nat {
            self.nat.source_nat.insert(bootstrap.subnet.id, source_nat);
        }
        self.nat.forward_policy = bootstrap.forward_policy;
        events.push(Event::Bootstrapped);
        Ok(Outcome::Done)
    }

    /// A node's listen IP belongs to no other node, no router and no client (S4).
    pub(super) fn register_node(
        &mut self,
        registration: &NodeRegistration,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let NodeRegistration {
            node,
            listen_ip: address,
            ..
        } = *registration;
        if let Some(other) = self
            .node_at(address)
            .filter(|other| *other != node && !crate::mutated!("s9_two_nodes_one_address"))
        {
            return Err(Refusal::NodeAddress {
                address,
                node: other,
            });
        }
        if registration.listeners.len() > MAX_LISTENERS {
            return Err(Refusal::TooMany {
                what: "listening ports of a node",
                limit: MAX_LISTENERS,
            });
        }
        if registration.addresses.len() > MAX_HOST_ADDRESSES {
            return Err(Refusal::TooMany {
                what: "addresses of a node's host",
                limit: MAX_HOST_ADDRESSES,
            });
        }
        if self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(&node) {
            return Err(Refusal::TooMany {
                what: "nodes",
                limit: MAX_NODES,
            });
        }
        let subnet = self
            .subnet_containing(address)
            .ok_or(Refusal::NotInSubnet(address))?;
        if !subnet.config.is_host_address(address) || subnet.config.router == address {
            return Err(Refusal::NotAvailable(address));
        }
        if let Some(client) = subnet.reservations.client_of(address) {
            return Err(Refusal::ReservedForAnother {
                address,
                client: client.clone(),
            });
        }
        if let Some(lease) = subnet
            .leases
            .get(address)
            .filter(|lease| lease.state.is_held())
        {
            return Err(Refusal::HeldByAnother {
                address,
                holder: lease.client.clone(),
            });
        }
        if self.nodes.get(&node) != Some(registration) {
            let before = self.nodes.insert(node, registration.clone());
            self.refresh_listen_ip(address);
            if let Some(before) = before {
                self.refresh_listen_ip(before.listen_ip);
            }
            events.push(Event::NodeRegistered(node));
        }
        Ok(Outcome::Done)
    }

    /// Each time is news, also if it is what it was: it ends what nodes were told without a quorum.
    pub(super) fn set_profile(&mut self, profile: Profile, events: &mut Vec<Event>) -> Outcome {
        self.profile = ProfileSetting {
            profile,
            revision: self.profile.revision.saturating_add(1),
        };
        events.push(Event::ProfileSet(profile));
        Outcome::Done
    }

    pub(super) fn remove_node(&mut self, node: NodeId, events: &mut Vec<Event>) -> Verdict {
        let removed = self.nodes.remove(&node).ok_or(Refusal::NotFound("node"))?;
        self.refresh_listen_ip(removed.listen_ip);
        events.push(Event::NodeRemoved(node));
        Ok(Outcome::Done)
    }

    /// Leases that the new configuration no longer allows run on until they end, and are not
    /// renewed.
    pub(super) fn put_subnet(&mut self, config: &SubnetConfig, events: &mut Vec<Event>) -> Verdict {
        config.validate()?;
        if let Some(other) = self.overlapping(config.network, config.id) {
            return Err(Refusal::Overlap(other));
        }
        if let Some(node) = self.node_at(config.router) {
            return Err(Refusal::NodeAddress {
                address: config.router,
                node,
            });
        }
        if let Some(subnet) = self.subnets.get(&config.id) {
            check_change(subnet, config)?;
        }
        let full = self.subnets.len() >= MAX_SUBNETS;
        match self.subnets.get_mut(&config.id) {
            Some(subnet) => {
                // Nobody holds anything of the old network, or is known by an old name, any more.
                let old = &subnet.config;
                if old.network != config.network || old.identity != config.identity {
                    subnet.past_grants = PastGrants::default();
                }
                subnet.config = Arc::new(config.clone());
            }
            None if full => {
                return Err(Refusal::TooMany {
                    what: "subnets",
                    limit: MAX_SUBNETS,
                });
            }
            None => {
                let (leases, reservations) = (LeaseTable::default(), Reservations::default());
                let subnet = Subnet {
                    config: Arc::new(config.clone()),
                    leases,
                    reservations,
                    past_grants: PastGrants::default(),
                };
                self.subnets.insert(config.id, subnet);
            }
        }
        self.refresh_allocatable(config.id);
        events.push(Event::SubnetChanged(config.id));
        Ok(Outcome::Done)
    }

    /// A node's own address is no client's (S4).
    fn refresh_listen_ip(&mut self, address: Ipv4Addr) {
        if let Some(subnet) = self.subnet_containing(address) {
            self.refresh_allocatable_address(subnet.config.id, address);
        }
    }
}

/// What cannot change under leases and reservations: the network, and who a client is. A reserved
/// address must stay one that a client may have (S4).
fn check_change(subnet: &Subnet, config: &SubnetConfig) -> Result<(), Refusal> {
    let old = &subnet.config;
    let same = old.network == config.network && old.identity == config.identity;
    if !same && !is_unused(subnet) {
        return Err(Refusal::SubnetInUse(config.id));
    }
    let taken = |address| address == config.router || config.is_excluded(address);
    let reserved = subnet
        .reservations
        .iter()
        .find(|(_, address)| taken(*address));
    reserved.map_or(Ok(()), |(client, address)| {
        Err(Refusal::ReservedForAnother {
            address,
            client: client.clone(),
        })
    })
}

fn is_unused(subnet: &Subnet) -> bool {
    subnet.reservations.is_empty() && subnet.leases.iter().next().is_none()
}
