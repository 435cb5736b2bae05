//! What a node announces.

use crate::DecodeError;
use crate::field::{ascending, known, small};
use crate::proto::{log as wire, objects};
use ipam::{ForwardKey, Listener, NodeId, NodeRegistration, Protocol, SubnetId};
use std::net::{IpAddr, Ipv4Addr};

impl From<&NodeRegistration> for wire::NodeRegistration {
    fn from(node: &NodeRegistration) -> Self {
        let listeners = node.listeners.iter().map(|(key, listener)| wire::Listener {
            protocol: objects::Protocol::from(key.protocol).into(),
            port: u32::from(key.port),
            kind: wire::ListenerKind::from(*listener).into(),
        });
        Self {
            node: node.node.0,
            listen: node.listen.iter().map(encode_listen).collect(),
            peer_address: node.peer_address.clone(),
            listeners: listeners.collect(),
            addresses: node.addresses.iter().map(octets).collect(),
        }
    }
}

fn encode_listen((subnet, address): (&SubnetId, &Ipv4Addr)) -> wire::ListenAddress {
    wire::ListenAddress {
        subnet: subnet.0,
        address: address.to_bits(),
    }
}

fn decode_listen(message: wire::ListenAddress) -> (SubnetId, Ipv4Addr) {
    (
        SubnetId(message.subnet),
        Ipv4Addr::from_bits(message.address),
    )
}

fn octets(address: &IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().into(),
        IpAddr::V6(address) => address.octets().into(),
    }
}

impl TryFrom<wire::NodeRegistration> for NodeRegistration {
    type Error = DecodeError;

    fn try_from(message: wire::NodeRegistration) -> Result<Self, DecodeError> {
        ascending(
            "NodeRegistration.listen",
            message.listen.iter().map(|listen| listen.subnet),
        )?;
        let listeners = message.listeners.into_iter().map(decode_listener);
        let listeners = listeners.collect::<Result<Vec<_>, _>>()?;
        ascending(
            "NodeRegistration.listeners",
            listeners.iter().map(|(key, _)| key),
        )?;
        let addresses = message
            .addresses
            .iter()
            .map(|octets| decode_address(octets));
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        ascending("NodeRegistration.addresses", addresses.iter())?;
        Ok(Self {
            node: NodeId(message.node),
            listen: message.listen.into_iter().map(decode_listen).collect(),
            peer_address: message.peer_address,
            listeners: listeners.into_iter().collect(),
            addresses: addresses.into_iter().collect(),
        })
    }
}

fn decode_address(octets: &[u8]) -> Result<IpAddr, DecodeError> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| sixteen())
        .map_err(|_| DecodeError::FixedLength {
            field: "NodeRegistration.addresses",
            length: octets.len(),
            expected: 16,
        })
}

fn decode_listener(message: wire::Listener) -> Result<(ForwardKey, Listener), DecodeError> {
    let protocol = Protocol::try_from(known::<objects::Protocol>(
        "Listener.protocol",
        message.protocol,
    )?);
    let key = ForwardKey {
        protocol: protocol.map_err(|()| DecodeError::Missing("Listener.protocol"))?,
        port: small("Listener.port", message.port)?,
    };
    let listener = match known("Listener.kind", message.kind)? {
        wire::ListenerKind::Unspecified => return Err(DecodeError::Missing("Listener.kind")),
        wire::ListenerKind::Peer => Listener::Peer,
        wire::ListenerKind::Admin => Listener::Admin,
        wire::ListenerKind::Other => Listener::Other,
    };
    Ok((key, listener))
}

impl From<Listener> for wire::ListenerKind {
    fn from(listener: Listener) -> Self {
        match listener {
            Listener::Peer => Self::Peer,
            Listener::Admin => Self::Admin,
            Listener::Other => Self::Other,
        }
    }
}
