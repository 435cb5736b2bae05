//! What is planned for which intent, as text.

mod common;

use common::{assert_golden, empty, forward, node, open, two_subnets, usual, without_uplink};
use ipam::{ForwardKey, Ipv4Network, NatView, Protocol, SnatPool, SourceNat};
use natd::ruleset::PortRole;
use natd::{Intent, NodeContext, Plan, PlanError, ReplicaStatus, plan};
use std::net::{IpAddr, Ipv4Addr};

fn text(view: &NatView) -> String {
    plan(view, &node()).expect("a plan").ruleset.to_string()
}

#[test]
fn rules_by_intent() {
    assert_golden("usual.nft", &text(&usual()));
    assert_golden("two-subnets.nft", &text(&two_subnets()));
    assert_golden("open.nft", &text(&open()));
    assert_golden("empty.nft", &text(&empty()));
    let guard_alone = plan(&usual(), &without_uplink()).expect("a plan");
    assert_golden("no-uplink.nft", &guard_alone.ruleset.to_string());
    let everything = plan(&with_everything().0, &with_everything().1).expect("a plan");
    assert_golden("everything.nft", &everything.ruleset.to_string());
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

/// What operators can add to the usual: opened ports, a named network, a pool, a forward without a lease.
fn with_everything() -> (NatView, NodeContext) {
    let network = Ipv4Network::new(Ipv4Addr::new(192, 168, 77, 0), 24).expect("a network");
    let mut node = node();
    node.guard.opened = [(Protocol::Tcp, 53), (Protocol::Udp, 53)].into();
    node.networks = vec![network];
    let pool = SnatPool::new(&[7, 8, 9].map(|host| Ipv4Addr::new(203, 0, 113, host)));
    let pool = SourceNat::SnatPool(pool.expect("a pool"));
    let view = NatView {
        subnets: vec![common::subnet(Some(pool))],
        leading_nowhere: vec![key(8006)],
        ..usual()
    };
    (view, node)
}

const fn key(port: u16) -> ForwardKey {
    let protocol = Protocol::Tcp;
    ForwardKey { protocol, port }
}

fn ports_of(plan: &Plan, role: PortRole) -> Vec<u16> {
    let sets = plan.ruleset.ports.iter().filter(|set| set.role == role);
    sets.flat_map(|set| set.ports.iter().copied()).collect()
}

/// `forward add tcp 7066` and two restarts ended a cluster; udp 4789 cut the overlay.
#[test]
fn forward_of_a_peer_or_overlay_port_is_not_done_and_said() {
    let mut view = usual();
    view.forwards = vec![
        forward(Protocol::Tcp, common::PEER_PORT, 20, 80),
        forward(Protocol::Tcp, common::ADMIN_PORT, 20, 80),
        forward(Protocol::Udp, 4789, 20, 80),
        forward(Protocol::Tcp, 9000, 10, common::PEER_PORT),
        forward(Protocol::Tcp, 9001, 1, common::ADMIN_PORT),
        forward(Protocol::Tcp, 9002, 11, common::PEER_PORT),
    ];
    // The other node's is its own affair: here nobody listens on it.
    view.gateways[0].ports.insert(7400);
    view.forwards.push(forward(Protocol::Tcp, 7400, 20, 80));
    let own = ipam::Gateway {
        listen_ips: [node().listen_ip].into(),
        addresses: [node().listen_ip.into()].into(),
        ports: [7500].into(),
    };
    view.gateways.push(own);
    view.forwards.push(forward(Protocol::Tcp, 7500, 20, 80));
    let planned = plan(&view, &node()).expect("a plan");
    let done: Vec<_> = planned.ruleset.targets().into_keys().collect();
    assert_eq!(done, [(Protocol::Tcp, 7400)]);
    assert_eq!(planned.problems.len(), 7, "{:?}", planned.problems);
    assert!(
        planned.problems[0].contains("tcp/7066") && planned.problems[0].contains("forward remove")
    );
    assert_eq!(ports_of(&planned, PortRole::Closed), [9000, 9001, 9002]);
}

#[test]
fn forward_that_leads_nowhere_is_closed() {
    let planned = plan(&with_everything().0, &node()).expect("a plan");
    assert_eq!(ports_of(&planned, PortRole::Closed), [8006]);
}

/// S12: a member may state any addresses.
#[test]
fn address_of_a_client_that_a_node_states_closes_no_forward() {
    let mut view = usual();
    let gateway = &mut view.gateways[0];
    let listens = *gateway.listen_ips.first().expect("it listens");
    gateway.ports = [8080].into();
    gateway
        .addresses
        .extend([[10, 15, 3, 20], [10, 15, 3, 50], [203, 0, 113, 50]].map(IpAddr::from));
    let planned = plan(&view, &node()).expect("a plan");
    assert_eq!(planned.problems, [""; 0]);
    assert_eq!(planned.ruleset.targets().len(), view.forwards.len());
    // Of the clients' network its host has the listen IP.
    let hosts = planned.ruleset.hosts.addresses;
    assert!(!hosts.contains(&IpAddr::from([10, 15, 3, 50])));
    assert!(hosts.contains(&IpAddr::from([203, 0, 113, 50])));
    assert!(hosts.contains(&listens.into()));
    view.forwards[0].address = listens;
    let problems = plan(&view, &node()).expect("a plan").problems;
    assert!(problems[0].contains("it leads to a host's own port 8080"));
}

#[test]
fn removed_node_closes_its_forwards() {
    let intent = Intent {
        view: usual(),
        replica: ReplicaStatus::Removed,
    };
    let planned = plan(&intent.effective(), &node()).expect("a plan");
    assert!(planned.ruleset.targets().is_empty());
    assert_eq!(ports_of(&planned, PortRole::Closed), [80, 2222, 53]);
}

#[test]
fn snat_to_an_address_that_the_host_has_not_got_is_said() {
    let address = |host| Ipv4Addr::new(203, 0, 113, host);
    let planned = |source_nat, own: &[u8]| {
        let view = NatView {
            subnets: vec![common::subnet(Some(source_nat))],
            ..usual()
        };
        let node = NodeContext {
            addresses: own.iter().map(|host| address(*host)).collect(),
            ..node()
        };
        plan(&view, &node).expect("a plan")
    };
    let fixed = SourceNat::Snat(address(7));
    assert_eq!(planned(fixed, &[7]).problems, [""; 0]);
    assert!(planned(fixed, &[1]).problems[0].contains("203.0.113.7"));
    let pool = SnatPool::new(&[address(7), address(8)]).expect("a pool");
    let pool = SourceNat::SnatPool(pool);
    let on_second = planned(pool, &[8, 1]);
    assert_eq!(on_second.problems, [""; 0]);
    assert!(
        on_second
            .ruleset
            .to_string()
            .contains("snat ip to 203.0.113.8")
    );
    let on_third = planned(pool, &[9]);
    assert!(on_third.problems[0].contains("none of the addresses"));
    assert!(
        !on_third
            .ruleset
            .to_string()
            .contains("oifname \"vmbr0\" ip saddr")
    );
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
    one_armed.uplink_interface = Some(one_armed.lan_interface.clone());
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
