//! The replicated state: everything that the cluster has agreed on.

use crate::budget::{Item, MAX_NODES, OverBudget};
use crate::removed::RemovedMembers;
use crate::{
    AnyKey, AnyObject, ClusterTime, ForwardPolicy, Gateway, Ipv4Network, Lease, LeaseTable,
    NatView, NodeId, NodeRegistration, ObjectRefusal, Objects, PastGrant, PastGrants,
    ProfileSetting, ResolvedForward, Stored, Subnet, SubnetId, SubnetNat,
};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// Everything that the cluster has agreed on. Ordered maps only: equal states iterate equally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) cluster_id: Option<[u8; 16]>,
    pub(crate) clock: ClusterTime,
    pub(crate) nodes: BTreeMap<NodeId, NodeRegistration>,
    pub(crate) objects: Objects,
    /// What follows from the subnets and reservations among the objects, and the leases.
    pub(crate) subnets: BTreeMap<SubnetId, Subnet>,
    pub(crate) forward_policy: ForwardPolicy,
    pub(crate) profile: ProfileSetting,
    pub(crate) removed: RemovedMembers,
}

/// A state taken apart for a snapshot: records without the indexes that follow from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateParts {
    /// The cluster clock (it is in the snapshot: house rule 2).
    pub clock: ClusterTime,
    /// Set by bootstrap.
    pub cluster_id: Option<[u8; 16]>,
    /// By node id.
    pub nodes: Vec<NodeRegistration>,
    /// By kind, and by key.
    pub objects: Vec<Stored<AnyObject>>,
    /// By subnet id.
    pub leases: Vec<SubnetLeases>,
    /// The forward chain's policy.
    pub forward_policy: ForwardPolicy,
    /// How patient the nodes are with each other.
    pub profile: ProfileSetting,
    /// Members that were removed.
    pub removed: RemovedMembers,
}

/// What is allocated in a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetLeases {
    /// Which subnet.
    pub subnet: SubnetId,
    /// Its lease records, by address.
    pub leases: Vec<(Ipv4Addr, Lease)>,
    /// Grants that ended before the time that they promised, by address, the oldest first.
    pub past_grants: Vec<(Ipv4Addr, Vec<PastGrant>)>,
}

/// Parts that no state can be taken apart into: the snapshot is not one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidState {
    /// Two of one thing.
    #[error("the snapshot has two {0} with one key")]
    Duplicate(&'static str),
    /// A lease outside its network.
    #[error("the snapshot has {address} in subnet {subnet}, where it does not belong")]
    OutOfBounds {
        /// Which address.
        address: Ipv4Addr,
        /// Where.
        subnet: SubnetId,
    },
    /// More past grants of one address than are kept, or two to one client.
    #[error("the snapshot's past grants of {0} are more than are kept, or two are one client's")]
    PastGrants(Ipv4Addr),
    /// An object that would not have been accepted.
    #[error("the snapshot's object {key} is invalid")]
    Object {
        /// Which.
        key: AnyKey,
        /// Why.
        source: Box<ObjectRefusal>,
    },
    /// More nodes than a cluster has, or one that reports more than it may.
    #[error("the snapshot's nodes are more than are kept")]
    Nodes(#[from] OverBudget),
    /// Leases of a subnet that is not there.
    #[error("the snapshot has leases of subnet {0}, which it does not have")]
    NoSubnet(SubnetId),
}

impl State {
    /// The cluster's identity; `None` before bootstrap.
    #[must_use]
    pub const fn cluster_id(&self) -> Option<[u8; 16]> {
        self.cluster_id
    }

    /// The cluster clock as of the last applied entry.
    #[must_use]
    pub const fn clock(&self) -> ClusterTime {
        self.clock
    }

    /// Every node that announced itself.
    #[must_use]
    pub const fn nodes(&self) -> &BTreeMap<NodeId, NodeRegistration> {
        &self.nodes
    }

    /// Every subnet.
    #[must_use]
    pub const fn subnets(&self) -> &BTreeMap<SubnetId, Subnet> {
        &self.subnets
    }

    /// What operators have agreed on.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// What becomes of forwarded traffic that no rule lets through.
    #[must_use]
    pub const fn forward_policy(&self) -> ForwardPolicy {
        self.forward_policy
    }

    /// How patient the nodes are with each other (L7).
    #[must_use]
    pub const fn profile(&self) -> ProfileSetting {
        self.profile
    }

    /// The subnet that `address` lies in.
    #[must_use]
    pub fn subnet_containing(&self, address: Ipv4Addr) -> Option<&Subnet> {
        self.subnets
            .values()
            .find(|subnet| subnet.config.network.contains(address))
    }

    /// When the cluster clock next has something to do (T5).
    #[must_use]
    pub fn next_deadline(&self) -> Option<ClusterTime> {
        self.subnets
            .values()
            .filter_map(Subnet::next_deadline)
            .min()
    }

    /// NAT intent with every client replaced by its address.
    #[must_use]
    pub fn nat_view(&self) -> NatView {
        let subnets = self.subnets.values().map(|subnet| SubnetNat {
            network: subnet.config.network,
            pool: subnet.config.pool,
            source_nat: self
                .objects
                .source_nat
                .get(&subnet.config.id)
                .map(|rule| rule.object.source_nat),
        });
        let mut view = NatView {
            subnets: subnets.collect(),
            gateways: self.nodes.values().map(Gateway::from).collect(),
            forward_policy: self.forward_policy,
            ..NatView::default()
        };
        for (key, stored) in &self.objects.forwards {
            let forward = &stored.object;
            match forward.resolve(self) {
                Some(address) => view.forwards.push(ResolvedForward {
                    key: *key,
                    address,
                    port: forward.target_port,
                }),
                None => view.leading_nowhere.push(*key),
            }
        }
        view
    }

    /// Whether the address is on the hosts: a node's own, or a router's.
    pub(crate) fn is_gateway(&self, address: Ipv4Addr) -> bool {
        let router = |subnet: &Subnet| subnet.config.router == address;
        self.node_at(address).is_some() || self.subnets.values().any(router)
    }

    /// Takes the state apart.
    #[must_use]
    pub fn to_parts(&self) -> StateParts {
        let leases = self.subnets.iter().map(|(id, subnet)| SubnetLeases {
            subnet: *id,
            leases: subnet
                .leases
                .iter()
                .map(|(address, lease)| (address, lease.clone()))
                .collect(),
            past_grants: subnet
                .past_grants
                .iter()
                .map(|(address, grants)| (address, grants.to_vec()))
                .collect(),
        });
        StateParts {
            clock: self.clock,
            cluster_id: self.cluster_id,
            nodes: self.nodes.values().cloned().collect(),
            objects: self.objects.iter().collect(),
            leases: leases.collect(),
            forward_policy: self.forward_policy,
            profile: self.profile,
            removed: self.removed.clone(),
        }
    }

    /// Puts a state together again; equal to the one that was taken apart.
    pub fn from_parts(parts: StateParts) -> Result<Self, InvalidState> {
        //~ mutant s8_clock_not_in_snapshot: let parts = StateParts { clock: ClusterTime::default(), ..parts };
        let mut state = Self {
            clock: parts.clock,
            cluster_id: parts.cluster_id,
            forward_policy: parts.forward_policy,
            profile: parts.profile,
            removed: parts.removed,
            ..Self::default()
        };
        for stored in &parts.objects {
            state.restore(stored)?;
        }
        OverBudget::check_number(Item::Nodes, parts.nodes.len(), MAX_NODES)?;
        for node in parts.nodes {
            node.check_budget()?;
            if state.nodes.insert(node.node, node).is_some() {
                return Err(InvalidState::Duplicate("nodes"));
            }
        }
        for leases in parts.leases {
            let id = leases.subnet;
            let subnet = state.subnets.get_mut(&id);
            restore_leases(subnet.ok_or(InvalidState::NoSubnet(id))?, leases)?;
        }
        let subnets: Vec<_> = state.subnets.keys().copied().collect();
        for id in subnets {
            state.refresh_allocatable(id);
        }
        Ok(state)
    }

    /// Recomputes which addresses of a subnet a client without a reservation may get (S4).
    pub(crate) fn refresh_allocatable(&mut self, id: SubnetId) {
        let Some(subnet) = self.subnets.get_mut(&id) else {
            return;
        };
        let pool = subnet.config.pool.iter();
        let mut allocatable: BTreeSet<Ipv4Addr> = pool
            .filter(|address| is_unclaimed(subnet, *address))
            .collect();
        for address in self.nodes.values().flat_map(|node| node.listen.values()) {
            allocatable.remove(address);
        }
        subnet.leases.reset_allocatable(allocatable);
    }

    /// The same for one address whose reservation or node changed.
    pub(crate) fn refresh_allocatable_address(&mut self, id: SubnetId, address: Ipv4Addr) {
        let is_nodes = self.node_at(address).is_some();
        let Some(subnet) = self.subnets.get_mut(&id) else {
            return;
        };
        let allocatable = !is_nodes && is_unclaimed(subnet, address);
        subnet.leases.set_allocatable(address, allocatable);
    }

    /// The node whose own address this is.
    #[must_use]
    pub fn node_at(&self, address: Ipv4Addr) -> Option<NodeId> {
        self.nodes
            .values()
            .find(|node| node.listens_on(address))
            .map(|node| node.node)
    }

    /// The subnet whose network shares addresses with `network`, other than `except`.
    pub(crate) fn overlapping(&self, network: Ipv4Network, except: SubnetId) -> Option<SubnetId> {
        let other = |subnet: &&Subnet| {
            subnet.config.id != except && subnet.config.network.overlaps(network)
        };
        self.subnets
            .values()
            .find(other)
            .map(|subnet| subnet.config.id)
    }
}

/// Whether neither the configuration nor a reservation keeps the address from clients without one. Nodes may.
fn is_unclaimed(subnet: &Subnet, address: Ipv4Addr) -> bool {
    subnet.config.is_dynamic(address) && subnet.reservations.client_of(address).is_none()
}

fn restore_leases(subnet: &mut Subnet, parts: SubnetLeases) -> Result<(), InvalidState> {
    let network = subnet.config.network;
    let in_bounds = |address| {
        let inside = network.contains(address);
        inside.then_some(()).ok_or(InvalidState::OutOfBounds {
            address,
            subnet: parts.subnet,
        })
    };
    let mut leases = LeaseTable::default();
    for (address, lease) in parts.leases {
        in_bounds(address)?;
        if leases.get(address).is_some() {
            return Err(InvalidState::Duplicate("leases"));
        }
        leases.put(address, lease);
    }
    let mut past_grants = PastGrants::default();
    for (address, grants) in parts.past_grants {
        in_bounds(address)?;
        if !past_grants.restore(address, grants) {
            return Err(InvalidState::PastGrants(address));
        }
    }
    subnet.leases = leases;
    subnet.past_grants = past_grants;
    Ok(())
}
