//! Why a command was refused.

use super::DecodeError;
use super::field::{required, small};
use crate::proto::command as wire;
use ipam::{ForwardKey, InvalidSubnet, NodeId, PortUse, Refusal, SubnetId};
use std::net::Ipv4Addr;
use wire::invalid_subnet::Reason as SubnetReason;
use wire::refusal::port_in_use::Used;
use wire::refusal::{AddressAndClient, AddressAndNode, PortInUse, Reason, TooLarge, TooMany, Unit};

/// What the core's refusals name. A name is for people; one that this release does not know
/// becomes the last of these.
const NAMES: [&str; 19] = [
    "listening ports of a node",
    "node",
    "nodes",
    "subnets",
    "reservation",
    "reservations",
    "port forward",
    "port forwards",
    "lease",
    "peer address",
    "domain name",
    "search domain",
    "search domains",
    "DNS servers",
    "NTP servers",
    "classless routes",
    "excluded ranges",
    "command",
    "batch",
];
const OTHER_NAME: &str = "object";

impl From<&Refusal> for wire::Refusal {
    fn from(refusal: &Refusal) -> Self {
        Self {
            reason: Some(encode_reason(refusal)),
        }
    }
}

impl TryFrom<wire::Refusal> for Refusal {
    type Error = DecodeError;

    fn try_from(message: wire::Refusal) -> Result<Self, DecodeError> {
        decode_reason(required("Refusal.reason", message.reason)?)
    }
}

fn encode_reason(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::UnknownSubnet(subnet) => Reason::UnknownSubnet(subnet.0),
        Refusal::AlreadyBootstrapped => Reason::AlreadyBootstrapped(Unit {}),
        Refusal::PoolExhausted => Reason::PoolExhausted(Unit {}),
        Refusal::NotInSubnet(address) => Reason::NotInSubnet(address.to_bits()),
        Refusal::NotAvailable(address) => Reason::NotAvailable(address.to_bits()),
        Refusal::HeldByAnother { address, holder } => Reason::HeldByAnother(AddressAndClient {
            address: address.to_bits(),
            client: Some(holder.into()),
        }),
        Refusal::Quarantined(address) => Reason::Quarantined(address.to_bits()),
        Refusal::HasOtherAddress(address) => Reason::HasOtherAddress(address.to_bits()),
        Refusal::UnknownClient => Reason::UnknownClient(Unit {}),
        Refusal::NotTheHolder(address) => Reason::NotTheHolder(address.to_bits()),
        Refusal::NodeAddress { address, node } => Reason::NodeAddress(AddressAndNode {
            address: address.to_bits(),
            node: node.0,
        }),
        Refusal::ReservedForAnother { address, client } => {
            Reason::ReservedForAnother(AddressAndClient {
                address: address.to_bits(),
                client: Some(client.into()),
            })
        }
        Refusal::AlreadyReserved(address) => Reason::AlreadyReserved(address.to_bits()),
        Refusal::NotProbed(address) => Reason::NotProbed(address.to_bits()),
        Refusal::InUse(address) => Reason::InUse(address.to_bits()),
        Refusal::ReleasedBefore(address) => Reason::ReleasedBefore(address.to_bits()),
        Refusal::IdentifierNotUsed(subnet) => Reason::IdentifierNotUsed(subnet.0),
        Refusal::NotFound(what) => Reason::NotFound((*what).to_owned()),
        Refusal::PortTaken => Reason::PortTaken(Unit {}),
        Refusal::PortZero => Reason::PortZero(Unit {}),
        Refusal::InvalidSubnet(reason) => Reason::InvalidSubnet(reason.into()),
        Refusal::Overlap(subnet) => Reason::Overlap(subnet.0),
        Refusal::SubnetInUse(subnet) => Reason::SubnetInUse(subnet.0),
        Refusal::Unstamped => Reason::Unstamped(Unit {}),
        Refusal::TooMany { what, limit } => Reason::TooMany(TooMany {
            what: (*what).to_owned(),
            limit: *limit as u64,
        }),
        Refusal::TooLarge { what, bytes, limit } => Reason::TooLarge(TooLarge {
            what: (*what).to_owned(),
            bytes: *bytes as u64,
            limit: *limit as u64,
        }),
        Refusal::PortInUse { key, used } => Reason::PortInUse(PortInUse {
            key: Some((*key).into()),
            used: Some(encode_use(*used)),
        }),
        Refusal::RouterAddress(address) => Reason::RouterAddress(address.to_bits()),
        Refusal::TargetLeased { address, holder } => Reason::TargetLeased(AddressAndClient {
            address: address.to_bits(),
            client: Some(holder.into()),
        }),
    }
}

const fn encode_use(used: PortUse) -> Used {
    match used {
        PortUse::Peer(node) => Used::Peer(node.0),
        PortUse::Admin(node) => Used::Admin(node.0),
        PortUse::Program(node) => Used::Program(node.0),
        PortUse::Dhcp => Used::Dhcp(Unit {}),
        PortUse::DhcpClient => Used::DhcpClient(Unit {}),
        PortUse::Overlay => Used::Overlay(Unit {}),
        PortUse::Ssh => Used::Ssh(Unit {}),
    }
}

const fn decode_use(used: Used) -> PortUse {
    match used {
        Used::Peer(node) => PortUse::Peer(NodeId(node)),
        Used::Admin(node) => PortUse::Admin(NodeId(node)),
        Used::Program(node) => PortUse::Program(NodeId(node)),
        Used::Dhcp(Unit {}) => PortUse::Dhcp,
        Used::DhcpClient(Unit {}) => PortUse::DhcpClient,
        Used::Overlay(Unit {}) => PortUse::Overlay,
        Used::Ssh(Unit {}) => PortUse::Ssh,
    }
}

fn decode_reason(reason: Reason) -> Result<Refusal, DecodeError> {
    let address = Ipv4Addr::from_bits;
    Ok(match reason {
        Reason::UnknownSubnet(subnet) => Refusal::UnknownSubnet(SubnetId(subnet)),
        Reason::AlreadyBootstrapped(Unit {}) => Refusal::AlreadyBootstrapped,
        Reason::PoolExhausted(Unit {}) => Refusal::PoolExhausted,
        Reason::NotInSubnet(bits) => Refusal::NotInSubnet(address(bits)),
        Reason::NotAvailable(bits) => Refusal::NotAvailable(address(bits)),
        Reason::HeldByAnother(message) => Refusal::HeldByAnother {
            address: address(message.address),
            holder: required("Refusal.held_by_another", message.client)?.try_into()?,
        },
        Reason::Quarantined(bits) => Refusal::Quarantined(address(bits)),
        Reason::HasOtherAddress(bits) => Refusal::HasOtherAddress(address(bits)),
        Reason::UnknownClient(Unit {}) => Refusal::UnknownClient,
        Reason::NotTheHolder(bits) => Refusal::NotTheHolder(address(bits)),
        Reason::NodeAddress(message) => Refusal::NodeAddress {
            address: address(message.address),
            node: NodeId(message.node),
        },
        Reason::ReservedForAnother(message) => Refusal::ReservedForAnother {
            address: address(message.address),
            client: required("Refusal.reserved_for_another", message.client)?.try_into()?,
        },
        Reason::AlreadyReserved(bits) => Refusal::AlreadyReserved(address(bits)),
        Reason::NotProbed(bits) => Refusal::NotProbed(address(bits)),
        Reason::InUse(bits) => Refusal::InUse(address(bits)),
        Reason::ReleasedBefore(bits) => Refusal::ReleasedBefore(address(bits)),
        Reason::IdentifierNotUsed(subnet) => Refusal::IdentifierNotUsed(SubnetId(subnet)),
        Reason::NotFound(what) => Refusal::NotFound(name(&what)),
        Reason::PortTaken(Unit {}) => Refusal::PortTaken,
        Reason::PortZero(Unit {}) => Refusal::PortZero,
        Reason::InvalidSubnet(message) => Refusal::InvalidSubnet(message.try_into()?),
        Reason::Overlap(subnet) => Refusal::Overlap(SubnetId(subnet)),
        Reason::SubnetInUse(subnet) => Refusal::SubnetInUse(SubnetId(subnet)),
        Reason::Unstamped(Unit {}) => Refusal::Unstamped,
        Reason::TooMany(message) => Refusal::TooMany {
            what: name(&message.what),
            limit: count(message.limit),
        },
        Reason::TooLarge(message) => Refusal::TooLarge {
            what: name(&message.what),
            bytes: count(message.bytes),
            limit: count(message.limit),
        },
        Reason::PortInUse(message) => Refusal::PortInUse {
            key: ForwardKey::try_from(required("Refusal.port_in_use", message.key)?)?,
            used: decode_use(required("Refusal.port_in_use", message.used)?),
        },
        Reason::RouterAddress(bits) => Refusal::RouterAddress(address(bits)),
        Reason::TargetLeased(message) => Refusal::TargetLeased {
            address: address(message.address),
            holder: required("Refusal.target_leased", message.client)?.try_into()?,
        },
    })
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn name(what: &str) -> &'static str {
    let known = NAMES.into_iter().find(|name| *name == what);
    known.unwrap_or(OTHER_NAME)
}

impl From<&InvalidSubnet> for wire::InvalidSubnet {
    fn from(invalid: &InvalidSubnet) -> Self {
        use wire::invalid_subnet::{Pool, PoolTooLarge, Router, Times};
        let reason = match *invalid {
            InvalidSubnet::TooSmall(network) => SubnetReason::TooSmall(network.into()),
            InvalidSubnet::Router { router, network } => SubnetReason::Router(Router {
                router: router.to_bits(),
                network: Some(network.into()),
            }),
            InvalidSubnet::Pool { pool, network } => SubnetReason::Pool(Pool {
                pool: Some(pool.into()),
                network: Some(network.into()),
            }),
            InvalidSubnet::PoolTooLarge { pool, size } => {
                let pool = Some(pool.into());
                SubnetReason::PoolTooLarge(PoolTooLarge { pool, size })
            }
            InvalidSubnet::Times {
                minimum,
                default,
                maximum,
            } => SubnetReason::Times(Times {
                minimum_s: minimum,
                default_s: default,
                maximum_s: maximum,
            }),
            InvalidSubnet::Mtu(mtu) => SubnetReason::Mtu(u32::from(mtu)),
            InvalidSubnet::ExtraOption(code) => SubnetReason::ExtraOption(u32::from(code)),
        };
        Self {
            reason: Some(reason),
        }
    }
}

impl TryFrom<wire::InvalidSubnet> for InvalidSubnet {
    type Error = DecodeError;

    fn try_from(message: wire::InvalidSubnet) -> Result<Self, DecodeError> {
        Ok(match required("InvalidSubnet.reason", message.reason)? {
            SubnetReason::TooSmall(network) => Self::TooSmall(network.try_into()?),
            SubnetReason::Router(message) => Self::Router {
                router: Ipv4Addr::from_bits(message.router),
                network: required("InvalidSubnet.router", message.network)?.try_into()?,
            },
            SubnetReason::Pool(message) => Self::Pool {
                pool: required("InvalidSubnet.pool", message.pool)?.try_into()?,
                network: required("InvalidSubnet.pool", message.network)?.try_into()?,
            },
            SubnetReason::PoolTooLarge(message) => Self::PoolTooLarge {
                pool: required("InvalidSubnet.pool_too_large", message.pool)?.try_into()?,
                size: message.size,
            },
            SubnetReason::Times(message) => Self::Times {
                minimum: message.minimum_s,
                default: message.default_s,
                maximum: message.maximum_s,
            },
            SubnetReason::Mtu(mtu) => Self::Mtu(small("InvalidSubnet.mtu", mtu)?),
            SubnetReason::ExtraOption(code) => {
                Self::ExtraOption(small("InvalidSubnet.extra_option", code)?)
            }
        })
    }
}
