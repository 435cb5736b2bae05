//! What operators agree on, and ask to have changed.

use super::{address, client_key, forward_key, network, operator, range, span, subnet_id};
use ipam::{
    AnyObject, Change, Forward, ForwardTarget, IdentityPolicy, LeaseTimes, MAX_SNAT_ADDRESSES,
    ObjectCommand, Reservation, SnatPool, SourceNat, SourceNatRule, SubnetConfig,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn times() -> impl Strategy<Value = LeaseTimes> {
    (span(), span(), span(), span(), span()).prop_map(
        |(default, minimum, maximum, offer, quarantine)| LeaseTimes {
            default,
            minimum,
            maximum,
            offer,
            quarantine,
        },
    )
}

pub(super) fn subnet() -> BoxedStrategy<SubnetConfig> {
    let identity = prop_oneof![
        Just(IdentityPolicy::HardwareAddress),
        Just(IdentityPolicy::ClientIdentifier)
    ];
    let excluded = vec(range(), 0..3);
    let first = (
        (subnet_id(), network(), address()),
        (range(), excluded, identity, times()),
    );
    let names = (option::of(".{0,20}"), vec(".{0,20}", 0..3));
    let servers = (vec(address(), 0..3), vec(address(), 0..3));
    let routes = vec((network(), address()), 0..3);
    let options = btree_map(any::<u8>(), vec(any::<u8>(), 0..20), 0..4);
    let second = (names, servers, any::<u16>(), routes, options, any::<bool>());
    (first, second)
        .prop_map(|(first, second)| {
            let ((id, network, router), (pool, excluded, identity, times)) = first;
            let (names, servers, mtu, classless_routes, extra_options, authoritative) = second;
            SubnetConfig {
                id,
                network,
                router,
                pool,
                excluded,
                identity,
                times,
                dns_servers: servers.0,
                domain_name: names.0,
                domain_search: names.1,
                ntp_servers: servers.1,
                mtu,
                classless_routes,
                extra_options,
                authoritative,
            }
        })
        .boxed()
}

pub(super) fn source_nat() -> impl Strategy<Value = SourceNat> {
    prop_oneof![
        Just(SourceNat::Masquerade),
        address().prop_map(SourceNat::Snat),
        vec(address(), 1..=MAX_SNAT_ADDRESSES).prop_map(|addresses| {
            SourceNat::SnatPool(SnatPool::new(&addresses).expect("as many as a pool has"))
        }),
    ]
}

fn reservation() -> impl Strategy<Value = Reservation> {
    let parts = (subnet_id(), client_key(), address());
    parts.prop_map(|(subnet, client, address)| Reservation {
        subnet,
        client,
        address,
    })
}

fn source_nat_rule() -> impl Strategy<Value = SourceNatRule> {
    let parts = (subnet_id(), source_nat());
    parts.prop_map(|(subnet, source_nat)| SourceNatRule { subnet, source_nat })
}

fn forward() -> impl Strategy<Value = Forward> {
    let target = prop_oneof![
        address().prop_map(ForwardTarget::Address),
        (subnet_id(), client_key())
            .prop_map(|(subnet, client)| ForwardTarget::Client { subnet, client }),
    ];
    let parts = (forward_key(), target, any::<u16>());
    parts.prop_map(|(key, target, target_port)| Forward {
        key,
        target,
        target_port,
    })
}

/// Any value of the kinds that have a strategy here, and the samples of every kind.
pub fn object() -> BoxedStrategy<AnyObject> {
    prop_oneof![
        subnet().prop_map(AnyObject::from),
        reservation().prop_map(AnyObject::from),
        source_nat_rule().prop_map(AnyObject::from),
        forward().prop_map(AnyObject::from),
        select(AnyObject::samples()),
    ]
    .boxed()
}

fn change() -> BoxedStrategy<Change> {
    let expected = option::of(any::<u64>());
    prop_oneof![
        object().prop_map(Change::Create),
        (object(), expected.clone())
            .prop_map(|(object, expected)| Change::Replace { object, expected }),
        (object(), expected).prop_map(|(object, expected)| Change::Delete {
            key: object.key(),
            expected,
        }),
    ]
    .boxed()
}

/// A change, and who asks for it.
pub fn object_command() -> impl Strategy<Value = ObjectCommand> {
    let parts = (operator(), change(), any::<bool>());
    parts.prop_map(|(operator, change, force)| ObjectCommand {
        operator,
        change,
        force,
    })
}
