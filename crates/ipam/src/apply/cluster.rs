//! What nodes ask: the cluster's beginning, their own coming and going, and the cluster's profile.

use super::{Events, Verdict, Way};
use crate::budget::{Item, MAX_NODES, OverBudget};
use crate::{
    AddressRefusal, AnyObject, Bootstrap, ClusterRefusal, EventKind, NodeId, NodeRegistration,
    ObjectRefusal, Outcome, Profile, ProfileSetting, SourceNatRule, State, SubnetId,
};
use alloc::boxed::Box;
use core::net::Ipv4Addr;

impl State {
    pub(super) fn bootstrap(
        &mut self,
        bootstrap: &Bootstrap,
        index: u64,
        events: &mut Events,
    ) -> Verdict<ClusterRefusal> {
        if self.cluster_id.is_some() {
            return Err(ClusterRefusal::AlreadyBootstrapped);
        }
        let subnet = bootstrap.subnet.id;
        let rule = bootstrap
            .source_nat
            .map(|source_nat| SourceNatRule { subnet, source_nat });
        let objects = [
            Some(bootstrap.subnet.clone().into()),
            rule.map(AnyObject::from),
        ];
        for object in objects.into_iter().flatten() {
            let way = Way {
                index,
                force: false,
            };
            let change = self.create(&object, way).map_err(in_bootstrap)?;
            events.changed(object.key(), change);
        }
        self.cluster_id = Some(bootstrap.cluster_id);
        self.forward_policy = bootstrap.forward_policy;
        events.push(EventKind::Bootstrapped);
        Ok(Outcome::Done)
    }

    /// A node's listen IPs belong to no other node, no router and no client (S4).
    pub(super) fn register_node(
        &mut self,
        registration: &NodeRegistration,
        events: &mut Events,
    ) -> Verdict<ClusterRefusal> {
        let node = registration.node;
        registration.check_budget()?;
        if !self.nodes.contains_key(&node) {
            OverBudget::check_number(Item::Nodes, self.nodes.len() + 1, MAX_NODES)?;
        }
        for (subnet, address) in &registration.listen {
            self.check_listen_ip(node, *subnet, *address)?;
        }
        if self.nodes.get(&node) != Some(registration) {
            let before = self.nodes.insert(node, registration.clone());
            let before = before.map(|before| before.listen).unwrap_or_default();
            for address in before.values().chain(registration.listen.values()) {
                self.refresh_listen_ip(*address);
            }
            events.push(EventKind::NodeRegistered(node));
        }
        Ok(Outcome::Done)
    }

    /// A node's own address is no client's (S4), in whichever subnet it is now: not only in the one that the node
    /// named, or a state that was restored would differ (S8).
    fn refresh_listen_ip(&mut self, address: Ipv4Addr) {
        if let Some(subnet) = self.subnet_containing(address) {
            self.refresh_allocatable_address(subnet.config.id, address);
        }
    }

    fn check_listen_ip(
        &self,
        node: NodeId,
        id: SubnetId,
        address: Ipv4Addr,
    ) -> Result<(), ClusterRefusal> {
        let other = self.node_at(address).filter(|other| *other != node);
        //~ mutant s9_two_nodes_one_address: let other = None;
        if let Some(node) = other {
            return Err(AddressRefusal::OfNode { address, node }.into());
        }
        let subnet = self
            .subnet_containing(address)
            .ok_or(AddressRefusal::NotInSubnet(address))?;
        if subnet.config.id != id {
            return Err(ClusterRefusal::OtherSubnet {
                address,
                subnet: id,
            });
        }
        if !subnet.config.is_host_address(address) || subnet.config.router == address {
            return Err(AddressRefusal::NotAvailable(address).into());
        }
        if let Some(client) = subnet.reservations.client_of(address) {
            let client = client.clone();
            return Err(AddressRefusal::ReservedForAnother { address, client }.into());
        }
        let lease = subnet.leases.get(address);
        match lease.filter(|lease| lease.state.is_held()) {
            Some(lease) => Err(AddressRefusal::HeldByAnother {
                address,
                holder: lease.client.clone(),
            }
            .into()),
            None => Ok(()),
        }
    }

    /// Each time is news, also if it is what it was: it ends what nodes were told without a quorum.
    pub(super) fn set_profile(&mut self, profile: Profile, events: &mut Events) -> Outcome {
        self.profile = ProfileSetting {
            profile,
            revision: self.profile.revision.saturating_add(1),
        };
        events.push(EventKind::ProfileSet(profile));
        Outcome::Done
    }

    pub(super) fn remove_node(
        &mut self,
        node: NodeId,
        events: &mut Events,
    ) -> Verdict<ClusterRefusal> {
        let removed = self.nodes.remove(&node);
        let removed = removed.ok_or(ClusterRefusal::UnknownNode(node))?;
        for address in removed.listen.values() {
            self.refresh_listen_ip(*address);
        }
        events.push(EventKind::NodeRemoved(node));
        Ok(Outcome::Done)
    }
}

/// What the first node lays down is refused like an operator's.
fn in_bootstrap(refusal: ObjectRefusal) -> ClusterRefusal {
    match refusal {
        ObjectRefusal::OverBudget(over) => over.into(),
        other => Box::new(other).into(),
    }
}
