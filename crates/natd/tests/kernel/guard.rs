//! What clients reach of the hosts: DHCP, ping and what is opened, by IPv4 and by IPv6; no ports of
//! peers, operators or overlays, on no host (S12).

use crate::Test;
use crate::common::{ADMIN_PORT, LAN, PEER_PORT, forward, node, usual, without_uplink};
use crate::lab::{
    Lab, connect, datagrams, delivers, ip, is_blocked, is_blocked6, on, raw, receives, serve,
    serve6,
};
use crate::sandbox::{list, run};
use ipam::{Ipv4Network, NatView, Protocol};
use natd::kernel::Kernel;
use natd::ruleset::TABLE;
use natd::{Guard, NftKernel, NodeContext, plan};
use socket2::Domain;
use std::net::Ipv4Addr;

pub const TESTS: [Test; 10] = [
    (
        "clients_reach_dhcp_and_ping_alone",
        clients_reach_dhcp_and_ping_alone,
    ),
    ("guard_needs_no_uplink", guard_needs_no_uplink),
    (
        "ipv6_link_local_is_guarded_too",
        ipv6_link_local_is_guarded_too,
    ),
    (
        "ports_of_other_hosts_are_dropped_at_the_source",
        ports_of_other_hosts_are_dropped_at_the_source,
    ),
    (
        "port_that_a_node_states_is_closed_at_hosts_alone",
        port_that_a_node_states_is_closed_at_hosts_alone,
    ),
    (
        "port_of_a_node_is_closed_by_ipv6_at_hosts_alone",
        port_of_a_node_is_closed_by_ipv6_at_hosts_alone,
    ),
    (
        "s12_tunnels_to_hosts_are_dropped",
        s12_tunnels_to_hosts_are_dropped,
    ),
    (
        "forward_without_a_target_does_not_open_the_hosts_own_port",
        forward_without_a_target_does_not_open_the_hosts_own_port,
    ),
    ("named_networks_are_reached", named_networks_are_reached),
    (
        "s12_a_client_does_not_speak_into_the_hosts_flows",
        s12_a_client_does_not_speak_into_the_hosts_flows,
    ),
];

pub fn gateway(view: &NatView, node: &NodeContext) -> (Lab, NftKernel) {
    let lab = Lab::new();
    let mut kernel = NftKernel::open().expect("a netlink socket");
    put(&mut kernel, view, node);
    kernel.enable_forwarding().expect("forwarding");
    (lab, kernel)
}

pub fn put(kernel: &mut NftKernel, view: &NatView, node: &NodeContext) {
    let table = plan(view, node).expect("a plan").ruleset.image();
    kernel
        .replace_table(TABLE, &table)
        .expect("the table is replaced");
}

/// The host's services, whichever address they are asked at.
fn serve_host() {
    for port in [22, 53, PEER_PORT, ADMIN_PORT, 8006] {
        serve("gateway", port);
    }
}

fn assert_guarded() {
    for port in [22, 53, PEER_PORT, ADMIN_PORT, 8006] {
        for address in ["10.15.3.1", "10.15.3.10", "203.0.113.1", "172.17.0.1"] {
            let to = format!("{address}:{port}");
            assert!(is_blocked("a", &to), "{to}");
        }
    }
    ping("a", "10.15.3.1");
    ping("a", "203.0.113.1");
    let server = datagrams("gateway", "0.0.0.0:67");
    assert!(delivers("a", "10.15.3.20:68", "10.15.3.10:67", &server));
    let other = datagrams("gateway", "0.0.0.0:5000");
    assert!(!receives(&other, || {
        datagrams("a", "10.15.3.20:5000").send_to(b"x", "10.15.3.10:5000")
    }));
    let listed = list();
    let chain = listed.split("chain input_from_clients").nth(1);
    let chain = chain.and_then(|rest| rest.split("\n\tchain ").next());
    let counters = chain
        .into_iter()
        .flat_map(|chain| chain.split("counter packets ").skip(1));
    let counts = counters.filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    let counted: u64 = counts.sum();
    assert!(counted > 20, "{counted} in {listed}");
}

fn ping(host: &'static str, to: &'static str) {
    on(host, move || {
        run("ping", &["-c", "1", "-W", "5", to]);
    });
}

fn clients_reach_dhcp_and_ping_alone() {
    let (_lab, mut kernel) = gateway(&usual(), &node());
    serve_host();
    assert_guarded();
    // Whoever administers the host is not locked out.
    assert!(connect("outside", "203.0.113.1:22").is_ok());
    assert!(connect("container", "172.17.0.1:8006").is_ok());
    assert!(connect("gateway", "10.15.3.10:22").is_ok());
    let mut opened = node();
    opened.guard.opened = [(Protocol::Tcp, 53)].into();
    put(&mut kernel, &usual(), &opened);
    assert!(connect("a", "10.15.3.1:53").is_ok());
    assert!(is_blocked("a", "10.15.3.1:22"));
}

/// Hosts talk to each other on one port in both directions, as corosync does. Conntrack takes a client's
/// datagram in the other host's name for a part of that.
fn s12_a_client_does_not_speak_into_the_hosts_flows() {
    let _lab = gateway(&usual(), &node());
    let (here, there) = ("203.0.113.1:5405", "203.0.113.100:5405");
    let (host, peer) = (datagrams("gateway", here), datagrams("outside", there));
    for _ in 0..2 {
        assert!(receives(&host, || peer.send_to(b"x", here)));
        assert!(receives(&peer, || host.send_to(b"x", there)));
    }
    ip("-n a address add 203.0.113.100/32 dev eth0");
    assert!(!delivers("a", there, here, &host));
    assert!(receives(&host, || peer.send_to(b"x", here)));
    // What the host asks its clients, it hears the answer to.
    serve("a", 80);
    assert!(connect("gateway", "10.15.3.20:80").is_ok());
}

fn guard_needs_no_uplink() {
    let _lab = gateway(&usual(), &without_uplink());
    serve_host();
    assert_guarded();
    // What the host forwards is its owner's business.
    serve("outside", 7000);
    assert!(connect("a", "203.0.113.100:7000").is_ok());
}

fn ipv6_link_local_is_guarded_too() {
    let _lab = gateway(&usual(), &node());
    for port in [22, PEER_PORT, ADMIN_PORT] {
        serve6("gateway", port);
    }
    ip(&format!("address add fe80::1/64 dev {LAN} nodad"));
    ip("-n a address add fe80::20/64 dev eth0 nodad");
    on("a", || {
        run("ping", &["-6", "-c", "1", "-W", "5", "fe80::1%eth0"]);
    });
    for port in [22, PEER_PORT, ADMIN_PORT] {
        assert!(is_blocked6("a", "fe80::1", port), "{port}");
    }
}

/// With peers on the uplink a client would arrive masqueraded as its host.
fn ports_of_other_hosts_are_dropped_at_the_source() {
    let _lab = gateway(&usual(), &node());
    for port in [PEER_PORT, ADMIN_PORT, 7000] {
        serve("outside", port);
    }
    assert!(connect("a", "203.0.113.100:7000").is_ok());
    assert!(is_blocked("a", "203.0.113.100:7066"));
    assert!(is_blocked("a", "203.0.113.100:7067"));
    // The host itself reaches its peers.
    assert!(connect("gateway", "203.0.113.100:7066").is_ok());
    for (port, reached) in [
        ("4789", false),
        ("8472", false),
        ("6081", false),
        ("5000", true),
    ] {
        let overlay = datagrams("outside", &format!("0.0.0.0:{port}"));
        let to = format!("203.0.113.100:{port}");
        assert_eq!(
            delivers("a", "10.15.3.20:0", &to, &overlay),
            reached,
            "{to}"
        );
    }
}

/// A node may listen on 443: then that is closed at its host, and nowhere else; a forward of it goes on.
fn port_that_a_node_states_is_closed_at_hosts_alone() {
    let mut view = usual();
    view.gateways[0].ports = [443, 853].into();
    view.forwards.push(forward(Protocol::Tcp, 443, 21, 8443));
    let mut own = node();
    own.guard = Guard::protecting([443, ADMIN_PORT]);
    let (_lab, mut kernel) = gateway(&view, &node());
    ip("-n outside address add 203.0.113.101/24 dev eth0");
    for port in [443, 853, ADMIN_PORT] {
        serve("outside", port);
    }
    serve("b", 8443);
    // Nobody's host: the internet.
    for port in ["443", "853", "7067"] {
        let (greeting, _) = connect("a", &format!("203.0.113.101:{port}")).expect("a connection");
        assert_eq!(greeting, "outside sees 203.0.113.1", "translated");
    }
    assert!(is_blocked("a", "203.0.113.100:443"));
    assert!(is_blocked("a", "203.0.113.100:853"));
    let (greeting, _) = connect("outside", "203.0.113.1:443").expect("the forward goes on");
    assert_eq!(greeting, "b sees 10.15.3.10");
    // Overlays' ports likewise.
    let overlay = datagrams("outside", "0.0.0.0:4789");
    assert!(delivers(
        "a",
        "10.15.3.20:0",
        "203.0.113.101:4789",
        &overlay
    ));
    assert!(!delivers(
        "a",
        "10.15.3.20:0",
        "203.0.113.100:4789",
        &overlay
    ));
    // What this node itself listens on is no exception, but its forward is not done.
    view.gateways[0].ports.clear();
    put(&mut kernel, &view, &own);
    assert!(connect("a", "203.0.113.101:443").is_ok());
    assert!(connect("outside", "203.0.113.1:443").is_err());
}

fn port_of_a_node_is_closed_by_ipv6_at_hosts_alone() {
    let mut view = usual();
    let [host, other] = ["2001:db8:2::100", "2001:db8:2::101"];
    let addresses = &mut view.gateways[0].addresses;
    addresses.insert(host.parse().expect("an address"));
    let _lab = gateway(&view, &node());
    std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "1").expect("the switch is there");
    ip(&format!("address add 2001:db8:1::1/64 dev {LAN} nodad"));
    ip("address add 2001:db8:2::1/64 dev vmbr0 nodad");
    ip("-n a address add 2001:db8:1::20/64 dev eth0 nodad");
    ip("-n a route add default via 2001:db8:1::1");
    for address in [host, other] {
        ip(&format!(
            "-n outside address add {address}/64 dev eth0 nodad"
        ));
    }
    ip("-n outside route add default via 2001:db8:2::1");
    serve6("outside", PEER_PORT);
    // The kernel first makes sure that its link-local addresses are nobody else's.
    assert!((0..20).any(|_| !is_blocked6("a", other, PEER_PORT)));
    assert!(is_blocked6("a", host, PEER_PORT));
    // GRE: a tunnel.
    let tunnel = raw("outside", Domain::IPV6, 47);
    let sender = raw("a", Domain::IPV6, 47);
    assert!(receives(&tunnel, || sender.send_to(&[0; 40], (other, 0))));
    assert!(!receives(&tunnel, || sender.send_to(&[0; 40], (host, 0))));
}

/// A host takes what comes out of a tunnel that it ends for the overlay's.
fn s12_tunnels_to_hosts_are_dropped() {
    let _lab = gateway(&usual(), &node());
    ip("-n outside address add 203.0.113.101/24 dev eth0");
    // IP in IP, IPv6 in IP, GRE, ESP, EtherIP, L2TP.
    for protocol in [4, 41, 47, 50, 97, 115] {
        let tunnel = raw("outside", Domain::IPV4, protocol);
        let sends = |to: &str| {
            let sender = raw("a", Domain::IPV4, protocol);
            receives(&tunnel, || sender.send_to(&[0; 40], (to, 0)))
        };
        assert!(!sends("203.0.113.100"), "{protocol} reaches a host");
        assert!(
            sends("203.0.113.101"),
            "{protocol} leaves for nobody's host"
        );
    }
}

fn forward_without_a_target_does_not_open_the_hosts_own_port() {
    let mut view = usual();
    let (_lab, mut kernel) = gateway(&view, &node());
    serve("gateway", 8006);
    assert!(connect("outside", "203.0.113.1:8006").is_ok());
    view.leading_nowhere = vec![ipam::ForwardKey {
        protocol: Protocol::Tcp,
        port: 8006,
    }];
    put(&mut kernel, &view, &node());
    assert!(is_blocked("outside", "203.0.113.1:8006"));
}

fn named_networks_are_reached() {
    let (_lab, mut kernel) = gateway(&usual(), &node());
    serve("container", 80);
    assert!(is_blocked("a", "172.17.0.2:80"));
    let mut named = node();
    named.networks = vec![Ipv4Network::new(Ipv4Addr::new(172, 17, 0, 0), 24).expect("a network")];
    put(&mut kernel, &usual(), &named);
    // Those there need not know the way back.
    let (greeting, _) = connect("a", "172.17.0.2:80").expect("a connection");
    assert_eq!(greeting, "container sees 172.17.0.1");
    serve("a", 7000);
    assert!(is_blocked("container", "10.15.3.20:7000"), "one way only");
}
