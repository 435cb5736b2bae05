//! Why something is refused: every reason of every class.

use super::objects::object;
use super::{address, client_key, forward_key, network, node_id, range, subnet_id};
use ipam::budget::{Item, OverBudget};
use ipam::{
    AddressRefusal, ClusterRefusal, InvalidSubnet, Kind, LeaseRefusal, ObjectRefusal, PortUse,
    Refusal,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Everything that has a budget, beside the objects of a kind.
pub const ITEMS: [Item; 16] = [
    Item::Command,
    Item::Batch,
    Item::Nodes,
    Item::PeerAddress,
    Item::Listeners,
    Item::HostAddresses,
    Item::ListenIps,
    Item::AvoidedAddresses,
    Item::OperatorOrigin,
    Item::DomainName,
    Item::SearchDomain,
    Item::SearchDomains,
    Item::DnsServers,
    Item::NtpServers,
    Item::ClasslessRoutes,
    Item::ExcludedRanges,
];

fn over_budget() -> impl Strategy<Value = OverBudget> {
    let what = prop_oneof![
        1 => select(Kind::ALL).prop_map(Item::Objects),
        3 => select(ITEMS.as_slice()),
    ];
    let parts = (what, option::of(any::<usize>()), any::<usize>());
    parts.prop_map(|(what, bytes, limit)| match bytes {
        Some(bytes) => OverBudget::TooLarge { what, bytes, limit },
        None => OverBudget::TooMany { what, limit },
    })
}

pub fn invalid_subnet() -> impl Strategy<Value = InvalidSubnet> {
    prop_oneof![
        network().prop_map(InvalidSubnet::TooSmall),
        (address(), network())
            .prop_map(|(router, network)| InvalidSubnet::Router { router, network }),
        (range(), network()).prop_map(|(pool, network)| InvalidSubnet::Pool { pool, network }),
        (range(), any::<u64>()).prop_map(|(pool, size)| InvalidSubnet::PoolTooLarge { pool, size }),
        any::<(u64, u64, u64)>().prop_map(|(minimum, default, maximum)| InvalidSubnet::Times {
            minimum,
            default,
            maximum
        }),
        any::<u16>().prop_map(InvalidSubnet::Mtu),
        any::<u8>().prop_map(InvalidSubnet::ExtraOption),
    ]
}

pub fn port_use() -> impl Strategy<Value = PortUse> {
    prop_oneof![
        node_id().prop_map(PortUse::Peer),
        node_id().prop_map(PortUse::Admin),
        node_id().prop_map(PortUse::Program),
        Just(PortUse::Dhcp),
        Just(PortUse::DhcpClient),
        Just(PortUse::Overlay),
        Just(PortUse::Ssh),
    ]
}

pub fn address_refusal() -> BoxedStrategy<AddressRefusal> {
    (address(), client_key(), node_id())
        .prop_flat_map(|(address, client, node)| {
            let holder = client.clone();
            prop_oneof![
                Just(AddressRefusal::NotInSubnet(address)),
                Just(AddressRefusal::NotAvailable(address)),
                Just(AddressRefusal::HeldByAnother { address, holder }),
                Just(AddressRefusal::OfNode { address, node }),
                Just(AddressRefusal::ReservedForAnother { address, client }),
                Just(AddressRefusal::Router(address)),
            ]
        })
        .boxed()
}

pub fn lease_refusal() -> BoxedStrategy<LeaseRefusal> {
    let of_an_address =
        (address(), client_key(), node_id()).prop_flat_map(|(address, holder, node)| {
            prop_oneof![
                Just(LeaseRefusal::NotInSubnet(address)),
                Just(LeaseRefusal::NotAvailable(address)),
                Just(LeaseRefusal::OfNode { address, node }),
                Just(LeaseRefusal::HeldByAnother { address, holder }),
                Just(LeaseRefusal::Quarantined(address)),
                Just(LeaseRefusal::HasOtherAddress(address)),
                Just(LeaseRefusal::NotTheHolder(address)),
                Just(LeaseRefusal::NotProbed(address)),
                Just(LeaseRefusal::InUse(address)),
                Just(LeaseRefusal::ReleasedBefore(address)),
            ]
        });
    prop_oneof![
        10 => of_an_address,
        1 => subnet_id().prop_map(LeaseRefusal::UnknownSubnet),
        1 => Just(LeaseRefusal::PoolExhausted),
        1 => Just(LeaseRefusal::UnknownClient),
    ]
    .boxed()
}

pub fn object_refusal() -> BoxedStrategy<ObjectRefusal> {
    let of_a_subnet = subnet_id().prop_flat_map(|subnet| {
        prop_oneof![
            Just(ObjectRefusal::UnknownSubnet(subnet)),
            Just(ObjectRefusal::IdentifierNotUsed(subnet)),
            Just(ObjectRefusal::Overlap(subnet)),
            Just(ObjectRefusal::SubnetInUse(subnet)),
            Just(ObjectRefusal::SubnetNotEmpty(subnet)),
            Just(ObjectRefusal::NotBootstrapped),
        ]
    });
    let of_a_revision = (object(), any::<u64>(), any::<u64>());
    prop_oneof![
        1 => object().prop_map(|object| ObjectRefusal::NotFound(object.key())),
        1 => object().prop_map(|object| ObjectRefusal::Exists(Box::new(object))),
        1 => of_a_revision.prop_map(|(object, expected, found)| ObjectRefusal::RevisionChanged {
            key: object.key(),
            expected,
            found,
        }),
        2 => over_budget().prop_map(ObjectRefusal::OverBudget),
        2 => address_refusal().prop_map(ObjectRefusal::Address),
        3 => of_a_subnet,
        1 => Just(ObjectRefusal::PortZero),
        2 => (forward_key(), port_use())
            .prop_map(|(key, used)| ObjectRefusal::PortInUse { key, used }),
        1 => (address(), client_key())
            .prop_map(|(address, holder)| ObjectRefusal::TargetLeased { address, holder }),
        2 => invalid_subnet().prop_map(ObjectRefusal::InvalidSubnet),
    ]
    .boxed()
}

pub fn cluster_refusal() -> BoxedStrategy<ClusterRefusal> {
    prop_oneof![
        Just(ClusterRefusal::Unstamped),
        over_budget().prop_map(ClusterRefusal::OverBudget),
        Just(ClusterRefusal::AlreadyBootstrapped),
        object_refusal().prop_map(|refusal| ClusterRefusal::Bootstrap(Box::new(refusal))),
        address_refusal().prop_map(ClusterRefusal::Address),
        (address(), subnet_id())
            .prop_map(|(address, subnet)| ClusterRefusal::OtherSubnet { address, subnet }),
        subnet_id().prop_map(ClusterRefusal::UnknownSubnet),
        node_id().prop_map(ClusterRefusal::UnknownNode),
        address().prop_map(ClusterRefusal::NoLease),
    ]
    .boxed()
}

pub fn refusal() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        lease_refusal().prop_map(Refusal::Lease),
        object_refusal().prop_map(Refusal::Object),
        cluster_refusal().prop_map(Refusal::Cluster),
    ]
}
