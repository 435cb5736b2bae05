//! Port forwards, and which of them would harm the cluster or lead to the wrong machine.
//!
//! A forward takes its port from the hosts: what comes to it on the uplink no longer reaches a
//! program of the host. So a port on which any host listens is refused, and so are targets that are
//! no client's. What an operator may want all the same passes with `force`; what ends the cluster
//! (its own ports, the overlay's) never does.

use super::{Object, Registered};
use crate::{
    AddressRefusal, ClientKey, HardwareAddress, Listener, NodeId, ObjectRefusal, PortUse, Protocol,
    State, Subnet, SubnetId, budget,
};
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::fmt;
use core::net::Ipv4Addr;

/// What a port forward matches: one public port has one owner (S9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForwardKey {
    /// The protocol.
    pub protocol: Protocol,
    /// The public port, 1 to 65535.
    pub port: u16,
}

/// A port of the uplink, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// What it matches.
    pub key: ForwardKey,
    /// Who gets the traffic.
    pub target: ForwardTarget,
    /// On which port, 1 to 65535.
    pub target_port: u16,
}

/// Who gets forwarded traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardTarget {
    /// A fixed address.
    Address(Ipv4Addr),
    /// Whatever address this client's lease has; nobody while it has none.
    Client {
        /// Where its lease is.
        subnet: SubnetId,
        /// Who.
        client: ClientKey,
    },
}

/// What every host uses, whatever the nodes report.
const WELL_KNOWN: [(Protocol, u16, PortUse); 6] = [
    (Protocol::Tcp, 22, PortUse::Ssh),
    // RFC 2131 §4.1.
    (Protocol::Udp, 67, PortUse::Dhcp),
    (Protocol::Udp, 68, PortUse::DhcpClient),
    // VXLAN (RFC 7348), the same as Linux named it first, Geneve (RFC 8926).
    (Protocol::Udp, 4789, PortUse::Overlay),
    (Protocol::Udp, 8472, PortUse::Overlay),
    (Protocol::Udp, 6081, PortUse::Overlay),
];

impl Object for Forward {
    type Key = ForwardKey;

    const LIMIT: usize = 10_000;

    fn key(&self) -> ForwardKey {
        self.key
    }

    fn size_bound(&self) -> usize {
        match &self.target {
            ForwardTarget::Client { client, .. } => budget::key_bytes(client),
            ForwardTarget::Address(_) => 0,
        }
    }

    fn check(&self, _: &State) -> Result<(), ObjectRefusal> {
        if self.key.port == 0 || self.target_port == 0 {
            return Err(ObjectRefusal::PortZero);
        }
        Ok(())
    }

    fn admit(&self, state: &State, force: bool) -> Result<(), ObjectRefusal> {
        check_port(state, self.key, force)?;
        check_target(state, &self.target, force)
    }

    fn taken(&self) -> String {
        format!(
            "the public port is forwarded already: {} leads to {self}",
            self.key
        )
    }

    fn notices(&self, state: &State) -> Vec<String> {
        match &self.target {
            ForwardTarget::Client { subnet, client } => client_notice(state, *subnet, client),
            ForwardTarget::Address(address) => address_notice(state, *address),
        }
        .into_iter()
        .collect()
    }

    fn now(&self, state: &State) -> Option<String> {
        let address = self.resolve(state);
        address.map(|address| format!("{address}:{}", self.target_port))
    }

    fn samples() -> Vec<Self> {
        let key = |protocol, port| ForwardKey { protocol, port };
        let hardware = HardwareAddress::ethernet([2, 0xaa, 0, 0, 0, 7]);
        vec![
            Self {
                key: key(Protocol::Tcp, 8080),
                target: ForwardTarget::Address(Ipv4Addr::new(10, 15, 3, 20)),
                target_port: 80,
            },
            Self {
                key: key(Protocol::Udp, 65535),
                target: ForwardTarget::Client {
                    subnet: SubnetId(1),
                    client: ClientKey::Hardware(hardware),
                },
                target_port: 1,
            },
        ]
    }
}

impl Forward {
    /// The address that it leads to now. One that became a node's or the router's since it
    /// was asked for, or is in no subnet any more, leads nowhere.
    #[must_use]
    pub fn resolve(&self, state: &State) -> Option<Ipv4Addr> {
        let address = match &self.target {
            ForwardTarget::Address(address) => Some(*address),
            ForwardTarget::Client { subnet, client } => {
                let lease = state.subnets.get(subnet)?.bound_lease_of(client);
                lease.map(|(address, _)| address)
            }
        };
        address.filter(|address| {
            state.subnet_containing(*address).is_some() && !state.is_gateway(*address)
        })
    }
}

impl fmt::Display for ForwardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.protocol.name(), self.port)
    }
}

/// Its target and its port.
impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            ForwardTarget::Address(address) => write!(f, "{address}:{}", self.target_port),
            ForwardTarget::Client { client, .. } => {
                write!(f, "client {client} port {}", self.target_port)
            }
        }
    }
}

/// Which use of the hosts the port has: the one that matters most, of all nodes.
#[must_use]
pub fn port_use(state: &State, key: ForwardKey) -> Option<PortUse> {
    let well_known = WELL_KNOWN
        .into_iter()
        .find(|(protocol, port, _)| (*protocol, *port) == (key.protocol, key.port))
        .map(|(_, _, used)| used);
    let reported = state.nodes.values().filter_map(|node| {
        // A node that reports nothing has a peer port all the same.
        if key.protocol == Protocol::Tcp && node.peer_port() == Some(key.port) {
            return Some(PortUse::Peer(node.node));
        }
        let listener = *node.listeners.get(&key)?;
        Some(used_by(listener, node.node))
    });
    well_known.into_iter().chain(reported).min()
}

/// The forwards to an address, by what they match.
pub(super) fn forwards_to(state: &State, address: Ipv4Addr) -> impl Iterator<Item = ForwardKey> {
    let forwards = Forward::table(&state.objects).iter();
    let to =
        forwards.filter(move |(_, stored)| stored.object.target == ForwardTarget::Address(address));
    to.map(|(key, _)| *key)
}

fn check_port(state: &State, key: ForwardKey, force: bool) -> Result<(), ObjectRefusal> {
    let allowed = |used: PortUse| force && used.can_be_forced();
    match port_use(state, key) {
        //~ mutant s9_host_port_forwarded: _ => Ok(()),
        Some(used) if !allowed(used) => Err(ObjectRefusal::PortInUse { key, used }),
        _ => Ok(()),
    }
}

/// A forward leads to a client in a subnet of ours, never to a third party or to a gateway.
fn check_target(state: &State, target: &ForwardTarget, force: bool) -> Result<(), ObjectRefusal> {
    let address = match target {
        ForwardTarget::Address(address) => *address,
        ForwardTarget::Client { subnet, client } => return check_client(state, *subnet, client),
    };
    let subnet = state
        .subnet_containing(address)
        .filter(|subnet| subnet.config.is_host_address(address))
        .ok_or(AddressRefusal::NotInSubnet(address))?;
    if let Some(node) = state.node_at(address) {
        return Err(AddressRefusal::OfNode { address, node }.into());
    }
    if subnet.config.router == address {
        return Err(AddressRefusal::Router(address).into());
    }
    // A member that lies states others' addresses too: `force` is the way past it.
    if let Some(node) = host_at(state, address).filter(|_| !force) {
        return Err(AddressRefusal::OfNode { address, node }.into());
    }
    match dynamic_holder(subnet, address) {
        Some(holder) if !force => Err(ObjectRefusal::TargetLeased {
            address,
            holder: holder.clone(),
        }),
        _ => Ok(()),
    }
}

/// A client that is named as none is known would never get anything.
fn check_client(state: &State, id: SubnetId, client: &ClientKey) -> Result<(), ObjectRefusal> {
    let subnet = state.subnets.get(&id);
    let subnet = subnet.ok_or(ObjectRefusal::UnknownSubnet(id))?;
    match subnet.config.identity.uses(client) {
        true => Ok(()),
        false => Err(ObjectRefusal::IdentifierNotUsed(id)),
    }
}

/// The node whose host states that it has this address beside its listen IPs.
fn host_at(state: &State, address: Ipv4Addr) -> Option<NodeId> {
    let mut nodes = state.nodes.values();
    let host = nodes.find(|node| node.addresses.contains(&address.into()));
    host.map(|node| node.node)
}

const fn used_by(listener: Listener, node: NodeId) -> PortUse {
    match listener {
        Listener::Peer => PortUse::Peer(node),
        Listener::Admin => PortUse::Admin(node),
        Listener::Other => PortUse::Program(node),
    }
}

/// Whose lease is on the address, unless it is reserved for them: then it stays theirs.
fn dynamic_holder(subnet: &Subnet, address: Ipv4Addr) -> Option<&ClientKey> {
    let lease = subnet.leases.get(address)?;
    let reserved = subnet.reservations.client_of(address);
    let reserved = reserved.is_some_and(|client| lease.is_of(client));
    (lease.state.is_held() && !reserved).then_some(&lease.client)
}

fn client_notice(state: &State, subnet: SubnetId, client: &ClientKey) -> Option<String> {
    let subnet = state.subnets.get(&subnet);
    let lease = subnet.and_then(|subnet| subnet.bound_lease_of(client));
    lease.is_none().then(|| {
        format!(
            "{client} has no lease now: the port leads nowhere until it has one (is that the \
             client? `gatewayctl lease list`)"
        )
    })
}

fn address_notice(state: &State, address: Ipv4Addr) -> Option<String> {
    let subnet = state.subnet_containing(address)?;
    let reserved = subnet.reservations.client_of(address).is_some();
    (subnet.config.is_dynamic(address) && !reserved).then(|| {
        format!(
            "{address} is in the pool and reserved for nobody: whoever leases it next gets this traffic. \
             Reserve it (gatewayctl reservation add), or use --to-client"
        )
    })
}

/// That a forward is left to an address which is kept for nobody any more.
pub(super) fn left_open(key: ForwardKey, address: Ipv4Addr) -> String {
    format!(
        "{key} is forwarded to {address}, which is reserved for nobody now: whoever leases it next gets \
         this traffic. `gatewayctl forward remove {} {}`, or reserve the address again",
        key.protocol.name(),
        key.port
    )
}
