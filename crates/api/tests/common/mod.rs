//! Strategies for everything that is encoded. The large ones are boxed: one inside another, they would
//! overflow a test thread's stack.
#![allow(dead_code, reason = "each test uses its part")]

pub mod cluster_commands;
pub mod lease_commands;
pub mod objects;
pub mod oneof;
pub mod refusals;

use ipam::{
    AddressRange, Batch, ClientIdentifier, ClientIdentity, ClientKey, ClusterTime, Command,
    ForwardKey, Granted, HardwareAddress, Hostname, Ipv4Network, NodeId, Offered, Operator,
    Outcome, Protocol, RequestId, Span, Stamp, SubnetId,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..=max)
}

fn hardware() -> impl Strategy<Value = HardwareAddress> {
    (any::<u8>(), bytes(HardwareAddress::MAX_BYTES))
        .prop_map(|(htype, bytes)| HardwareAddress::new(htype, &bytes).unwrap())
}

fn identifier() -> impl Strategy<Value = ClientIdentifier> {
    bytes(ClientIdentifier::MAX_BYTES).prop_map(|bytes| ClientIdentifier::new(&bytes).unwrap())
}

fn hostname() -> impl Strategy<Value = Option<Hostname>> {
    option::of(bytes(Hostname::MAX_BYTES).prop_map(|bytes| Hostname::new(&bytes).unwrap()))
}

fn client() -> impl Strategy<Value = ClientIdentity> {
    (hardware(), option::of(identifier())).prop_map(|(hardware, identifier)| ClientIdentity {
        hardware,
        identifier,
    })
}

fn client_key() -> impl Strategy<Value = ClientKey> {
    prop_oneof![
        hardware().prop_map(ClientKey::Hardware),
        identifier().prop_map(ClientKey::Identifier),
    ]
}

fn subnet_id() -> impl Strategy<Value = SubnetId> {
    any::<u32>().prop_map(SubnetId)
}

fn node_id() -> impl Strategy<Value = NodeId> {
    any::<u64>().prop_map(NodeId)
}

fn cluster_time() -> impl Strategy<Value = ClusterTime> {
    any::<u64>().prop_map(ClusterTime)
}

fn span() -> impl Strategy<Value = Span> {
    any::<u64>().prop_map(Span)
}

fn address() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>().prop_map(Ipv4Addr::from_bits)
}

fn network() -> impl Strategy<Value = Ipv4Network> {
    (any::<u32>(), 0..=32_u8).prop_map(|(bits, prefix)| {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        Ipv4Network::new(Ipv4Addr::from_bits(bits & mask), prefix).unwrap()
    })
}

fn range() -> impl Strategy<Value = AddressRange> {
    (address(), address()).prop_map(|(a, b)| AddressRange::new(a.min(b), a.max(b)).unwrap())
}

fn forward_key() -> impl Strategy<Value = ForwardKey> {
    let protocol = prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp)];
    (protocol, any::<u16>()).prop_map(|(protocol, port)| ForwardKey { protocol, port })
}

fn operator() -> impl Strategy<Value = Operator> {
    (node_id(), ".{0,64}").prop_map(|(node, from)| Operator { node, from })
}

pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        lease_commands::lease_command().prop_map(Command::Lease),
        objects::object_command().prop_map(Command::Object),
        cluster_commands::cluster_command().prop_map(Command::Cluster),
    ]
}

pub fn batch() -> impl Strategy<Value = Batch> {
    let stamp = (any::<u64>(), cluster_time()).prop_map(|(term, time)| Stamp { term, time });
    let requested = (command(), any::<u64>()).prop_map(|(command, id)| command.of(RequestId(id)));
    (option::of(stamp), vec(requested, 0..8))
        .prop_map(|(stamp, commands)| Batch { stamp, commands })
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        1 => Just(Outcome::Done),
        1 => (address(), span(), any::<bool>()).prop_map(|(address, lease_time, returning)| {
            Outcome::Offered(Offered {
                address,
                lease_time,
                returning,
            })
        }),
        1 => (address(), span()).prop_map(|(address, lease_time)| {
            Outcome::Granted(Granted {
                address,
                lease_time,
            })
        }),
        5 => refusals::refusal().prop_map(Outcome::Refused),
    ]
}
