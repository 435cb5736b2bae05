//! S9: what is withdrawn is closed, rules and flows, within a second; no new tenant inherits a flow.

use crate::Test;
use crate::common::{forward, node, usual, without_uplink};
use crate::guard::{gateway, put};
use crate::lab::{connect, datagrams, ip, ping, receives, serve};
use crate::sandbox::{nft, run};
use ipam::{NatView, Protocol};
use natd::image::TableImage;
use natd::kernel::Kernel;
use natd::reconcile::{DesiredState, KernelReconciler};
use natd::ruleset::{PREDECESSOR, TABLE};
use natd::{NftKernel, NodeContext, ReplicaStatus, plan};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, UdpSocket};

pub const TESTS: [Test; 7] = [
    (
        "rules_alone_cut_tcp_and_udp_flows",
        rules_alone_cut_tcp_and_udp_flows,
    ),
    (
        "flow_follows_a_forward_that_points_elsewhere",
        flow_follows_a_forward_that_points_elsewhere,
    ),
    (
        "new_tenant_gets_no_datagram_of_the_last_ones",
        new_tenant_gets_no_datagram_of_the_last_ones,
    ),
    (
        "losing_the_uplink_closes_what_was_open",
        losing_the_uplink_closes_what_was_open,
    ),
    (
        "foreign_translations_are_left_alone",
        foreign_translations_are_left_alone,
    ),
    ("older_builds_table_goes", older_builds_table_goes),
    ("mss_is_clamped_to_the_route", mss_is_clamped_to_the_route),
];

/// TCP 80 and UDP 5353 to `host`.
fn to(host: u8) -> NatView {
    NatView {
        forwards: vec![
            forward(Protocol::Tcp, 80, host, 8080),
            forward(Protocol::Udp, 5353, host, 5353),
        ],
        ..usual()
    }
}

fn nowhere() -> NatView {
    NatView {
        forwards: Vec::new(),
        ..usual()
    }
}

fn pass(
    reconciler: &mut KernelReconciler<NftKernel>,
    view: &NatView,
    node: &NodeContext,
    vacated: &[Ipv4Addr],
) {
    let desired = DesiredState::new(
        &plan(view, node).expect("a plan"),
        ReplicaStatus::CaughtUp,
        1,
    );
    let vacated: BTreeSet<_> = vacated.iter().copied().collect();
    let report = reconciler.reconcile(&desired, &vacated);
    assert!(!report.failed(), "{report:?}");
}

fn image(view: &NatView, node: &NodeContext) -> TableImage {
    plan(view, node).expect("a plan").ruleset.image()
}

/// A UDP flow from outside through the forward: both ends, after a first exchange.
fn udp_flow(host: &'static str) -> (UdpSocket, UdpSocket) {
    let peer = datagrams("outside", "0.0.0.0:4000");
    let server = datagrams(host, "0.0.0.0:5353");
    send(&peer);
    let mut buffer = [0; 16];
    let (_, from) = server.recv_from(&mut buffer).expect("a datagram");
    server.send_to(b"answer", from).expect("sent");
    peer.recv_from(&mut buffer).expect("the answer");
    (peer, server)
}

fn send(peer: &UdpSocket) {
    peer.send_to(b"x", "203.0.113.1:5353").expect("sent");
}

/// The kernel still tracks the connections; only the rules have changed.
fn rules_alone_cut_tcp_and_udp_flows() {
    let (_lab, mut kernel) = gateway(&to(21), &node());
    serve("b", 8080);
    let (_, mut tcp) = connect("outside", "203.0.113.1:80").expect("a connection");
    let (peer, server) = udp_flow("b");
    ping(&mut tcp).expect("the connection works");
    for gone in [nowhere(), to(20)] {
        put(&mut kernel, &gone, &node());
        assert!(!receives(&server, || peer.send_to(b"x", "203.0.113.1:5353")));
        let answer = || server.send_to(b"x", "10.15.3.10:4000");
        assert!(!receives(&peer, answer), "nor the other way");
        put(&mut kernel, &to(21), &node());
        assert!(receives(&server, || peer.send_to(b"x", "203.0.113.1:5353")));
    }
    put(&mut kernel, &nowhere(), &node());
    assert!(ping(&mut tcp).is_err(), "the TCP connection goes on");
}

fn flow_follows_a_forward_that_points_elsewhere() {
    let (_lab, kernel) = gateway(&nowhere(), &node());
    let mut reconciler = KernelReconciler::new(kernel);
    pass(&mut reconciler, &to(21), &node(), &[]);
    let (peer, old) = udp_flow("b");
    let new = datagrams("a", "0.0.0.0:5353");
    pass(&mut reconciler, &to(20), &node(), &[]);
    assert!(receives(&new, || peer.send_to(b"x", "203.0.113.1:5353")));
    assert!(!receives(&old, || peer.send_to(b"x", "203.0.113.1:5353")));
}

/// Vm2 goes, its lease is released, vm3 gets the address; the peer sends on. Nor does an answer to what
/// vm2 had asked the internet reach vm3.
fn new_tenant_gets_no_datagram_of_the_last_ones() {
    let (_lab, kernel) = gateway(&nowhere(), &node());
    let mut reconciler = KernelReconciler::new(kernel);
    pass(&mut reconciler, &to(21), &node(), &[]);
    ip("-n b route replace default via 10.15.3.1");
    let (peer, server) = udp_flow("b");
    let asked = datagrams("outside", "0.0.0.0:9000");
    let asking = datagrams("b", "10.15.3.21:9001");
    asking
        .send_to(b"question", "203.0.113.100:9000")
        .expect("sent");
    let mut buffer = [0; 16];
    let (_, host) = asked.recv_from(&mut buffer).expect("the question");
    let answer = || asked.send_to(b"x", host);
    assert!(receives(&asking, answer));
    let lease = Ipv4Addr::new(10, 15, 3, 21);
    pass(&mut reconciler, &nowhere(), &node(), &[lease]);
    assert!(!receives(&server, || peer.send_to(b"x", "203.0.113.1:5353")));
    assert!(!receives(&asking, answer));
    // Also after the forward is pointed elsewhere.
    pass(&mut reconciler, &to(20), &node(), &[]);
    assert!(!receives(&server, || peer.send_to(b"x", "203.0.113.1:5353")));
}

/// Restart without GATEWAY_UPLINK_INTERFACE.
fn losing_the_uplink_closes_what_was_open() {
    let (_lab, kernel) = gateway(&nowhere(), &node());
    let mut reconciler = KernelReconciler::new(kernel);
    pass(&mut reconciler, &to(21), &node(), &[]);
    serve("b", 8080);
    let (_, mut tcp) = connect("outside", "203.0.113.1:80").expect("a connection");
    let (peer, server) = udp_flow("b");
    let mut restarted = KernelReconciler::new(NftKernel::open().expect("a netlink socket"));
    pass(&mut restarted, &to(21), &without_uplink(), &[]);
    assert!(ping(&mut tcp).is_err());
    assert!(!receives(&server, || peer.send_to(b"x", "203.0.113.1:5353")));
    assert!(connect("outside", "203.0.113.1:80").is_err());
}

/// What the host's owner forwards into the clients' network is not ours to cut.
fn foreign_translations_are_left_alone() {
    let (_lab, kernel) = gateway(&nowhere(), &node());
    ip("-n b route replace default via 10.15.3.1");
    nft("add table ip owner");
    nft("add chain ip owner pre { type nat hook prerouting priority -110; }");
    nft("add rule ip owner pre iifname vmbr0 tcp dport 81 dnat to 10.15.3.21:8080");
    serve("b", 8080);
    let mut reconciler = KernelReconciler::new(kernel);
    for node in [node(), without_uplink()] {
        pass(&mut reconciler, &to(20), &node, &[]);
        let (greeting, mut tcp) = connect("outside", "203.0.113.1:81").expect("a connection");
        assert_eq!(greeting, "b sees 203.0.113.100");
        pass(&mut reconciler, &nowhere(), &node, &[]);
        ping(&mut tcp).expect("it goes on");
    }
}

fn older_builds_table_goes() {
    let (_lab, mut kernel) = gateway(&nowhere(), &node());
    nft("add table ip gatewayd");
    nft("add chain ip gatewayd prerouting { type nat hook prerouting priority -100; }");
    nft("add table ip bystander");
    assert!(kernel.remove_table(PREDECESSOR).expect("removed"));
    assert!(!kernel.remove_table(PREDECESSOR).expect("nothing to do"));
    let tables = nft("list tables");
    assert_eq!(tables.lines().collect::<Vec<_>>().len(), 2, "{tables}");
    assert!(tables.contains("table inet gatewayd") && tables.contains("table ip bystander"));
    assert_eq!(
        kernel.read_table(TABLE).expect("readable"),
        Some(image(&nowhere(), &node()))
    );
}

/// A client with an MTU of 1500 behind a path of 1450.
fn mss_is_clamped_to_the_route() {
    let _lab = gateway(&nowhere(), &node());
    run("ip", &["link", "set", "vmbr0", "mtu", "1400"]);
    serve("outside", 7000);
    nft("add table ip judge");
    nft("add chain ip judge post { type filter hook postrouting priority 500; }");
    nft("add rule ip judge post oifname vmbr0 tcp flags syn tcp option maxseg size > 1360 counter");
    nft("add rule ip judge post oifname vmbr0 tcp flags syn tcp option maxseg size 1360 counter");
    nft(
        "add rule ip judge post oifname OCvpsnet tcp flags syn tcp option maxseg size 1360 counter",
    );
    assert!(connect("a", "203.0.113.100:7000").is_ok());
    let listed = nft("list table ip judge");
    let counted: Vec<u32> = listed
        .split("counter packets ")
        .skip(1)
        .filter_map(|rest| rest.split(' ').next()?.parse().ok())
        .collect();
    assert!(
        counted[0] == 0 && counted[1] > 0 && counted[2] > 0,
        "{listed}"
    );
}
