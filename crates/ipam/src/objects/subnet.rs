//! Subnets as objects: what an operator may change of one, and what becomes of its leases. What a subnet
//! *is* stands in `crate::subnet`.

pub use crate::subnet::SubnetConfig;

use super::{Object, Registered, SourceNatRule};
use crate::budget::{MAX_SUBNETS, OverBudget, check_subnet, subnet_bytes};
use crate::{
    AddressRange, AddressRefusal, Forward, ForwardTarget, IdentityPolicy, Ipv4Network, Lease,
    LeaseState, LeaseTable, NodeRegistration, ObjectRefusal, PastGrants, Reservations, State,
    Subnet, SubnetId,
};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::fmt;
use core::net::Ipv4Addr;

impl Object for SubnetConfig {
    type Key = SubnetId;

    const LIMIT: usize = MAX_SUBNETS;

    const LEADERS: bool = true;

    fn key(&self) -> SubnetId {
        self.id
    }

    fn size_bound(&self) -> usize {
        subnet_bytes(self)
    }

    fn check_budget(&self) -> Result<(), OverBudget> {
        check_subnet(self)
    }

    fn check(&self, state: &State) -> Result<(), ObjectRefusal> {
        self.validate()?;
        match state.overlapping(self.network, self.id) {
            Some(other) => Err(ObjectRefusal::Overlap(other)),
            None => Ok(()),
        }
    }

    fn admit(&self, state: &State, _: bool) -> Result<(), ObjectRefusal> {
        if let Some(node) = state.node_at(self.router) {
            let address = self.router;
            return Err(AddressRefusal::OfNode { address, node }.into());
        }
        match state.subnets.get(&self.id) {
            Some(subnet) => check_change(state, subnet, self),
            None => Ok(()),
        }
    }

    fn may_be_deleted(&self, state: &State) -> Result<(), ObjectRefusal> {
        let unused = state.subnets.get(&self.id).is_none_or(is_empty);
        let translated = SourceNatRule::table(&state.objects).contains_key(&self.id);
        match unused && !translated && !leads_there(state, self) && !listens_there(state, self) {
            true => Ok(()),
            false => Err(ObjectRefusal::SubnetNotEmpty(self.id)),
        }
    }

    /// Leases that the new configuration no longer allows run on until they end, and are not
    /// renewed.
    fn on_change(state: &mut State, before: Option<&Self>, after: Option<&Self>) {
        match (before, after) {
            (_, Some(config)) => {
                configure(state, config);
                state.refresh_allocatable(config.id);
            }
            (Some(gone), None) => {
                state.subnets.remove(&gone.id);
            }
            (None, None) => {}
        }
    }

    fn taken(&self) -> String {
        format!("subnet {} is {} already", self.id, self.network)
    }

    fn samples() -> Vec<Self> {
        let at = |last| Ipv4Addr::new(10, 15, 3, last);
        let (Ok(network), Ok(pool)) = (
            Ipv4Network::new(at(0), 24),
            AddressRange::new(at(20), at(254)),
        ) else {
            return Vec::new();
        };
        let plain = Self::new(SubnetId(1), network, at(1), pool);
        let full = Self {
            excluded: AddressRange::new(at(30), at(31)).into_iter().collect(),
            identity: IdentityPolicy::ClientIdentifier,
            dns_servers: vec![at(1), Ipv4Addr::new(192, 0, 2, 53)],
            domain_name: Some("vms.example".into()),
            domain_search: vec!["vms.example".into(), "example".into()],
            ntp_servers: vec![Ipv4Addr::new(192, 0, 2, 123)],
            classless_routes: vec![(network, at(2))],
            extra_options: BTreeMap::from([(66, b"tftp".to_vec())]),
            authoritative: true,
            ..plain.clone()
        };
        vec![plain, full]
    }
}

/// Its network, and where leases come from.
impl fmt::Display for SubnetConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, pool {}", self.network, self.pool)
    }
}

fn configure(state: &mut State, config: &SubnetConfig) {
    let shared = Arc::new(config.clone());
    match state.subnets.get_mut(&config.id) {
        Some(subnet) => {
            // Nobody holds anything of the old network, or is known by an old name, any more.
            let old = &subnet.config;
            if old.network != config.network || old.identity != config.identity {
                subnet.past_grants = PastGrants::default();
            }
            subnet.config = shared;
        }
        None => {
            let subnet = Subnet {
                config: shared,
                leases: LeaseTable::default(),
                reservations: Reservations::default(),
                past_grants: PastGrants::default(),
            };
            state.subnets.insert(config.id, subnet);
        }
    }
}

/// What cannot change under leases and reservations: the network, and who a client is. A reserved
/// address must stay one that a client may have (S4).
fn check_change(
    state: &State,
    subnet: &Subnet,
    config: &SubnetConfig,
) -> Result<(), ObjectRefusal> {
    let old = &subnet.config;
    let moves = old.network != config.network;
    let renames = old.identity != config.identity;
    let used = !is_unused(subnet) || leads_there(state, old);
    if (moves || renames) && used || moves && listens_there(state, old) {
        return Err(ObjectRefusal::SubnetInUse(config.id));
    }
    check_router(subnet, config)?;
    let taken = |address| address == config.router || config.is_excluded(address);
    let reserved = subnet
        .reservations
        .iter()
        .find(|(_, address)| taken(*address));
    reserved.map_or(Ok(()), |(client, address)| {
        let client = client.clone();
        Err(AddressRefusal::ReservedForAnother { address, client }.into())
    })
}

/// A router that a client holds would have two holders (S4).
fn check_router(subnet: &Subnet, config: &SubnetConfig) -> Result<(), ObjectRefusal> {
    let address = config.router;
    let lease = subnet.leases.get(address);
    match lease.filter(|lease| lease.state.is_held()) {
        Some(lease) => {
            let holder = lease.client.clone();
            Err(AddressRefusal::HeldByAnother { address, holder }.into())
        }
        None => Ok(()),
    }
}

/// Whether a node listens there.
fn listens_there(state: &State, config: &SubnetConfig) -> bool {
    let listens = |node: &NodeRegistration| node.listen.contains_key(&config.id);
    state.nodes.values().any(listens)
}

/// Whether a forward leads there.
fn leads_there(state: &State, config: &SubnetConfig) -> bool {
    let mut forwards = Forward::table(&state.objects).values();
    forwards.any(|stored| match &stored.object.target {
        ForwardTarget::Client { subnet, .. } => *subnet == config.id,
        ForwardTarget::Address(address) => config.network.contains(*address),
    })
}

/// Whether nobody has anything of it, was promised anything (S6), or was found there (S7).
fn is_empty(subnet: &Subnet) -> bool {
    let counts = |(_, lease): (_, &Lease)| {
        lease.state.is_held() || matches!(lease.state, LeaseState::Quarantined { .. })
    };
    let nothing_past = subnet.past_grants.iter().next().is_none();
    subnet.reservations.is_empty() && nothing_past && !subnet.leases.iter().any(counts)
}

fn is_unused(subnet: &Subnet) -> bool {
    subnet.reservations.is_empty() && subnet.leases.iter().next().is_none()
}
