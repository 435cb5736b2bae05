//! Port forwards, and which of them would harm the cluster or lead to the wrong machine.
//!
//! A forward takes its port from the hosts: what comes to it on the uplink no longer reaches a
//! program of the host. So a port on which any host listens is refused, and so are targets that are
//! no client's. What an operator may want all the same passes with `force`; what ends the cluster
//! (its own ports, the overlay's) never does.

use super::Verdict;
use crate::budget::MAX_FORWARDS;
use crate::{
    ClientKey, Event, Forward, ForwardKey, ForwardTarget, IdentityPolicy, Listener, NodeId,
    Outcome, PortUse, Protocol, Refusal, State, Subnet, SubnetId,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

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

impl State {
    /// One public port has one owner (S9). The same forward once more is done already: whoever was not told of the
    /// outcome asks again.
    pub(super) fn add_forward(
        &mut self,
        key: ForwardKey,
        forward: &Forward,
        force: bool,
        events: &mut Vec<Event>,
    ) -> Verdict {
        if key.port == 0 || forward.target_port == 0 {
            return Err(Refusal::PortZero);
        }
        match self.nat.forwards.get(&key) {
            Some(same) if same == forward => return Ok(Outcome::Done),
            Some(_) if !crate::mutated!("s9_port_taken_over") => return Err(Refusal::PortTaken),
            _ => {}
        }
        if self.nat.forwards.len() >= MAX_FORWARDS {
            return Err(Refusal::TooMany {
                what: "port forwards",
                limit: MAX_FORWARDS,
            });
        }
        self.check_port(key, force)?;
        self.check_target(&forward.target, force)?;
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

    fn check_port(&self, key: ForwardKey, force: bool) -> Result<(), Refusal> {
        let allowed = |used: PortUse| force && used.can_be_forced();
        match self.port_use(key) {
            Some(used) if !allowed(used) && !crate::mutated!("s9_host_port_forwarded") => {
                Err(Refusal::PortInUse { key, used })
            }
            _ => Ok(()),
        }
    }

    /// Which use of the hosts the port has: the one that matters most, of all nodes.
    #[must_use]
    pub fn port_use(&self, key: ForwardKey) -> Option<PortUse> {
        let well_known = WELL_KNOWN
            .into_iter()
            .find(|(protocol, port, _)| (*protocol, *port) == (key.protocol, key.port))
            .map(|(_, _, used)| used);
        let reported = self.nodes.values().filter_map(|node| {
            // A node that reports nothing has a peer port all the same.
            if key.protocol == Protocol::Tcp && node.peer_port() == Some(key.port) {
                return Some(PortUse::Peer(node.node));
            }
            let listener = *node.listeners.get(&key)?;
            Some(used_by(listener, node.node))
        });
        well_known.into_iter().chain(reported).min()
    }

    /// A forward leads to a client in a subnet of ours, never to a third party or to a gateway.
    fn check_target(&self, target: &ForwardTarget, force: bool) -> Result<(), Refusal> {
        let address = match target {
            ForwardTarget::Address(address) => *address,
            ForwardTarget::Client { subnet, client } => return self.check_client(*subnet, client),
        };
        let subnet = self
            .subnet_containing(address)
            .filter(|subnet| subnet.config.is_host_address(address))
            .ok_or(Refusal::NotInSubnet(address))?;
        if let Some(node) = self.node_at(address) {
            return Err(Refusal::NodeAddress { address, node });
        }
        if subnet.config.router == address {
            return Err(Refusal::RouterAddress(address));
        }
        // A member that lies states others' addresses too: `force` is the way past it.
        if let Some(node) = self.host_at(address).filter(|_| !force) {
            return Err(Refusal::NodeAddress { address, node });
        }
        match dynamic_holder(subnet, address) {
            Some(holder) if !force => Err(Refusal::TargetLeased {
                address,
                holder: holder.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// A client that is named as none is known would never get anything.
    fn check_client(&self, id: SubnetId, client: &ClientKey) -> Result<(), Refusal> {
        let subnet = self.subnets.get(&id).ok_or(Refusal::UnknownSubnet(id))?;
        let by_hardware = subnet.config.identity == IdentityPolicy::HardwareAddress;
        match client {
            ClientKey::Identifier(_) if by_hardware => Err(Refusal::IdentifierNotUsed(id)),
            _ => Ok(()),
        }
    }

    /// The node whose host states that it has this address beside its listen IP.
    fn host_at(&self, address: Ipv4Addr) -> Option<NodeId> {
        let mut nodes = self.nodes.values();
        let host = nodes.find(|node| node.addresses.contains(&address.into()));
        host.map(|node| node.node)
    }
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
    let reserved = reserved.is_some_and(|client| match client {
        ClientKey::Hardware(hardware) => lease.hardware == *hardware,
        ClientKey::Identifier(_) => lease.client == *client,
    });
    (lease.state.is_held() && !reserved).then_some(&lease.client)
}
