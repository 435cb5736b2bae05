//! Clients that make up a connection between them: one sends in another's name, the other answers. To
//! conntrack the answer is part of a connection that it knows (S12).

use crate::Test;
use crate::common::{LAN, node, usual};
use crate::guard::gateway;
use crate::lab::{datagrams, delivers, ip, receives};
use ipam::Protocol;
use std::net::UdpSocket;

pub const TESTS: [Test; 4] = [
    (
        "s12_answer_to_a_made_up_packet_reaches_no_overlay",
        s12_answer_to_a_made_up_packet_reaches_no_overlay,
    ),
    (
        "answer_to_a_made_up_packet_reaches_no_other_network",
        answer_to_a_made_up_packet_reaches_no_other_network,
    ),
    (
        "s12_answer_to_a_made_up_packet_does_not_reach_the_host_by_ipv6",
        s12_answer_to_a_made_up_packet_does_not_reach_the_host_by_ipv6,
    ),
    (
        "s12_answer_to_a_bridged_packet_in_the_hosts_name_does_not_reach_it",
        s12_answer_to_a_bridged_packet_in_the_hosts_name_does_not_reach_it,
    ),
];

/// To the partner, through the gateway or by the bridge.
const PARTNER: &str = "10.15.3.21:5555";

/// `a` has the victim's address too. What `b` sends there, and `a` sends to `b`, goes by the gateway.
fn pretend_to_be(victim: &str) {
    ip(&format!("-n a address add {victim}/32 dev eth0"));
    ip("-n a route add 10.15.3.21/32 via 10.15.3.1");
    ip(&format!("-n b route add {victim}/32 via 10.15.3.1"));
}

/// `a` asks in the victim's name, `b` answers: whether the victim hears it.
fn reaches(victim: &UdpSocket, address: &str, partner: &str) -> bool {
    let (liar, partner_socket) = (datagrams("a", address), datagrams("b", partner));
    receives(&partner_socket, || liar.send_to(b"x", partner));
    receives(victim, || partner_socket.send_to(b"x", address))
}

fn s12_answer_to_a_made_up_packet_reaches_no_overlay() {
    let _lab = gateway(&usual(), &node());
    let overlay = datagrams("outside", "0.0.0.0:4789");
    pretend_to_be("203.0.113.100");
    assert!(!reaches(&overlay, "203.0.113.100:4789", PARTNER));
}

/// Also by way of a forward: the partner's answers go back to who is said to have asked.
fn answer_to_a_made_up_packet_reaches_no_other_network() {
    let mut view = usual();
    view.forwards
        .push(crate::common::forward(Protocol::Udp, 5000, 21, 5555));
    let _lab = gateway(&view, &node());
    ip("-n outside route delete 172.17.0.0/24");
    let container = datagrams("container", "0.0.0.0:5000");
    assert!(!delivers("b", PARTNER, "172.17.0.2:5000", &container));
    pretend_to_be("172.17.0.2");
    assert!(!reaches(&container, "172.17.0.2:5000", PARTNER));
    let liar = datagrams("a", "172.17.0.2:5000");
    let partner = datagrams("b", PARTNER);
    assert!(!receives(&partner, || liar.send_to(b"x", "203.0.113.1:5000")));
    // A client's own connection goes by both ways.
    let honest = datagrams("a", "10.15.3.20:5000");
    assert!(receives(&partner, || honest.send_to(b"x", PARTNER)));
    assert!(receives(&partner, || honest.send_to(b"x", "203.0.113.1:5000")));
}

fn s12_answer_to_a_made_up_packet_does_not_reach_the_host_by_ipv6() {
    const HOST: &str = "[2001:db8:2::1]:5405";
    const PARTNER: &str = "[2001:db8:1::21]:5555";
    let _lab = gateway(&usual(), &node());
    std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "1").expect("the switch is there");
    ip(&format!("address add 2001:db8:1::1/64 dev {LAN} nodad"));
    ip("address add 2001:db8:2::1/64 dev vmbr0 nodad");
    for (client, last) in [("a", "20"), ("b", "21")] {
        ip(&format!(
            "-n {client} address add 2001:db8:1::{last}/64 dev eth0 nodad"
        ));
        ip(&format!("-n {client} route add default via 2001:db8:1::1"));
    }
    ip("-n a route add 2001:db8:1::21/128 via 2001:db8:1::1");
    let host = datagrams("gateway", HOST);
    // The kernel first makes sure that its link-local addresses are nobody else's.
    let partner = datagrams("b", PARTNER);
    let honest = datagrams("a", "[2001:db8:1::20]:0");
    assert!((0..20).any(|_| receives(&partner, || honest.send_to(b"x", PARTNER))));
    assert!(!receives(&host, || partner.send_to(b"x", HOST)));
    drop(partner);
    ip("-n a address add 2001:db8:2::1/128 dev eth0 nodad");
    assert!(!reaches(&host, HOST, PARTNER));
}

/// Where the bridge shows its frames to netfilter, conntrack knows connections that no host routes.
fn s12_answer_to_a_bridged_packet_in_the_hosts_name_does_not_reach_it() {
    const HOST: &str = "203.0.113.1:5405";
    let switch = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    if let Err(error) = std::fs::write(switch, "1") {
        println!("not tried: {switch}: {error}");
        return;
    }
    let _lab = gateway(&usual(), &node());
    let host = datagrams("gateway", HOST);
    ip("-n a address add 203.0.113.1/32 dev eth0");
    ip("-n b route add 203.0.113.1/32 via 10.15.3.1");
    assert!(!reaches(&host, HOST, PARTNER));
    // Networks of which the host knows nothing are the clients' own.
    let private = datagrams("b", "0.0.0.0:7000");
    ip("-n a address add 192.168.9.1/24 dev eth0");
    ip("-n b address add 192.168.9.2/24 dev eth0");
    assert!(delivers("a", "192.168.9.1:0", "192.168.9.2:7000", &private));
}
