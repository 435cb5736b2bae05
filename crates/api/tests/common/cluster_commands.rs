//! What nodes ask, and operators of the cluster itself.

use super::objects::{source_nat, subnet};
use super::{address, forward_key, node_id, operator, subnet_id};
use ipam::{Bootstrap, ClusterCommand, ForwardPolicy, Listener, NodeRegistration, Profile};
use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn forward_policy() -> impl Strategy<Value = ForwardPolicy> {
    prop_oneof![Just(ForwardPolicy::Drop), Just(ForwardPolicy::Accept)]
}

fn bootstrap() -> impl Strategy<Value = Bootstrap> {
    let parts = (
        any::<[u8; 16]>(),
        subnet(),
        option::of(source_nat()),
        forward_policy(),
    );
    parts.prop_map(
        |(cluster_id, subnet, source_nat, forward_policy)| Bootstrap {
            cluster_id,
            subnet,
            source_nat,
            forward_policy,
        },
    )
}

fn registration() -> impl Strategy<Value = NodeRegistration> {
    let listener = prop_oneof![
        Just(Listener::Peer),
        Just(Listener::Admin),
        Just(Listener::Other)
    ];
    let parts = (
        node_id(),
        btree_map(subnet_id(), address(), 0..4),
        ".{0,30}",
        btree_map(forward_key(), listener, 0..4),
        btree_set(any::<std::net::IpAddr>(), 0..4),
    );
    parts.prop_map(
        |(node, listen, peer_address, listeners, addresses)| NodeRegistration {
            node,
            listen,
            peer_address,
            listeners,
            addresses,
        },
    )
}

/// Any of them.
pub fn cluster_command() -> BoxedStrategy<ClusterCommand> {
    let revoke = (operator(), subnet_id(), address());
    let profile = select(Profile::ALL.as_slice());
    prop_oneof![
        bootstrap().prop_map(|bootstrap| ClusterCommand::Bootstrap(Box::new(bootstrap))),
        registration().prop_map(ClusterCommand::RegisterNode),
        node_id().prop_map(ClusterCommand::RemoveNode),
        revoke.prop_map(|(operator, subnet, address)| ClusterCommand::RevokeLease {
            operator,
            subnet,
            address,
        }),
        (operator(), forward_policy())
            .prop_map(|(operator, policy)| ClusterCommand::SetForwardPolicy { operator, policy }),
        (operator(), profile)
            .prop_map(|(operator, profile)| ClusterCommand::SetProfile { operator, profile }),
        Just(ClusterCommand::Tick),
    ]
    .boxed()
}
