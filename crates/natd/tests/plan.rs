//! What is planned for which intent, as text.

mod common;

use common::{assert_golden, empty, forward, node, open, two_subnets, usual};
use ipam::{ForwardKey, NatView, Protocol, SourceNat};
use natd::{PlanError, plan};

fn text(view: &NatView) -> String {
    plan(view, &node()).expect("a plan").ruleset.to_string()
}

#[test]
fn rules_by_intent() {
    assert_golden("usual.nft", &text(&usual()));
    assert_golden("two-subnets.nft", &text(&two_subnets()));
    assert_golden("open.nft", &text(&open()));
    assert_golden("empty.nft", &text(&empty()));
}

#[test]
fn forwarding_is_wanted_when_something_is_translated() {
    let forwarding = |view: &NatView| plan(view, &node()).expect("a plan").forwarding;
    assert!(forwarding(&usual()));
    assert!(!forwarding(&empty()));
    let routed = NatView {
        subnets: vec![common::subnet(None)],
        ..empty()
    };
    assert!(!forwarding(&routed));
    assert!(forwarding(&NatView {
        subnets: vec![common::subnet(Some(SourceNat::Masquerade))],
        ..empty()
    }));
}

#[test]
fn impossible_intents_have_no_plan() {
    let key = ForwardKey {
        protocol: Protocol::Tcp,
        port: 80,
    };
    let with = |forwards| {
        plan(
            &NatView {
                forwards,
                ..usual()
            },
            &node(),
        )
    };
    let twice = vec![
        forward(Protocol::Tcp, 80, 20, 1),
        forward(Protocol::Tcp, 80, 21, 2),
    ];
    assert_eq!(with(twice), Err(PlanError::TwoOwners(key)));
    assert_eq!(
        with(vec![forward(Protocol::Tcp, 80, 20, 0)]),
        Err(PlanError::PortZero(key))
    );
    assert!(
        with(vec![
            forward(Protocol::Tcp, 80, 20, 1),
            forward(Protocol::Udp, 80, 21, 2)
        ])
        .is_ok()
    );
}

#[test]
fn impossible_nodes_have_no_plan() {
    let mut one_armed = node();
    one_armed.uplink_interface = one_armed.lan_interface.clone();
    assert!(matches!(
        plan(&usual(), &one_armed),
        Err(PlanError::OneInterface(_))
    ));
    let mut on_router = node();
    on_router.listen_ip = on_router.router;
    assert!(matches!(
        plan(&usual(), &on_router),
        Err(PlanError::ListenOnRouter(_))
    ));
}
