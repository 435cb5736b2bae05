//! What DHCP clients ask for.

use super::{address, client, cluster_time, hostname, node_id, span, subnet_id};
use ipam::{
    ConflictProbe, DeclineAddress, GrantLease, GrantRef, LeaseCommand, LiftQuarantine, OfferLease,
    QuarantineAddress, ReleaseLease, RequestKind,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn grant_ref() -> impl Strategy<Value = GrantRef> {
    (cluster_time(), node_id()).prop_map(|(granted, node)| GrantRef { granted, node })
}

fn offer() -> impl Strategy<Value = OfferLease> {
    let who = (subnet_id(), client(), hostname(), node_id());
    let what = (
        option::of(address()),
        option::of(span()),
        vec(address(), 0..=OfferLease::MAX_AVOIDED),
    );
    (who, what).prop_map(|(who, (requested, lease_time, avoid))| {
        let (subnet, client, hostname, node) = who;
        OfferLease {
            subnet,
            client,
            requested,
            lease_time,
            hostname,
            node,
            avoid,
        }
    })
}

fn grant() -> impl Strategy<Value = GrantLease> {
    let kind = prop_oneof![
        Just(RequestKind::Selecting),
        Just(RequestKind::InitReboot),
        Just(RequestKind::Renewing),
        Just(RequestKind::Rebinding),
    ];
    let probe = prop_oneof![
        Just(ConflictProbe::NotMade),
        Just(ConflictProbe::Clear),
        Just(ConflictProbe::InUse),
    ];
    let who = (subnet_id(), client(), hostname(), node_id());
    let what = (address(), kind, option::of(span()), probe);
    (who, what).prop_map(|(who, (address, kind, lease_time, probe))| {
        let (subnet, client, hostname, node) = who;
        GrantLease {
            subnet,
            client,
            address,
            kind,
            lease_time,
            hostname,
            node,
            probe,
        }
    })
}

fn release() -> impl Strategy<Value = ReleaseLease> {
    let parts = (subnet_id(), client(), address(), grant_ref(), any::<u32>());
    parts.prop_map(|(subnet, client, address, grant, xid)| ReleaseLease {
        subnet,
        client,
        address,
        grant,
        xid,
    })
}

fn decline() -> impl Strategy<Value = DeclineAddress> {
    let parts = (subnet_id(), client(), address(), grant_ref());
    parts.prop_map(|(subnet, client, address, grant)| DeclineAddress {
        subnet,
        client,
        address,
        grant,
    })
}

fn quarantine() -> impl Strategy<Value = QuarantineAddress> {
    let parts = (subnet_id(), address(), node_id());
    parts.prop_map(|(subnet, address, node)| QuarantineAddress {
        subnet,
        address,
        node,
    })
}

fn lift_quarantine() -> impl Strategy<Value = LiftQuarantine> {
    let parts = (subnet_id(), address(), node_id(), cluster_time());
    parts.prop_map(|(subnet, address, node, until)| LiftQuarantine {
        subnet,
        address,
        node,
        until,
    })
}

/// Any of them.
pub fn lease_command() -> BoxedStrategy<LeaseCommand> {
    prop_oneof![
        offer().prop_map(LeaseCommand::Offer),
        grant().prop_map(LeaseCommand::Grant),
        release().prop_map(LeaseCommand::Release),
        decline().prop_map(LeaseCommand::Decline),
        quarantine().prop_map(LeaseCommand::Quarantine),
        lift_quarantine().prop_map(LeaseCommand::LiftQuarantine),
    ]
    .boxed()
}
