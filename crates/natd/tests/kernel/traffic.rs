//! What packets meet.

use crate::Test;
use crate::common::{forward, node, open, two_subnets, usual};
use crate::lab::{Lab, connect, datagrams, ip, is_blocked, ping, serve};
use crate::table::{image, update};
use ipam::{NatView, Protocol};
use natd::kernel::Kernel;
use natd::ruleset::TABLE;
use natd::{NftKernel, plan};
use std::sync::atomic::{AtomicBool, Ordering};

pub const TESTS: [Test; 9] = [
    ("outbound_is_masqueraded", outbound_is_masqueraded),
    (
        "a_forward_reaches_a_client_of_another_host",
        a_forward_reaches_a_client_of_another_host,
    ),
    ("hairpin", hairpin),
    (
        "the_lan_address_is_not_forwarded",
        the_lan_address_is_not_forwarded,
    ),
    (
        "renewals_leaked_to_the_uplink_leave_no_trace",
        renewals_leaked_to_the_uplink_leave_no_trace,
    ),
    (
        "nor_do_they_where_all_may_pass",
        nor_do_they_where_all_may_pass,
    ),
    ("the_lan_is_closed_by_default", the_lan_is_closed_by_default),
    (
        "others_forwarding_is_not_judged",
        others_forwarding_is_not_judged,
    ),
    ("updating_disturbs_nobody", updating_disturbs_nobody),
];

/// The forward of the tests: TCP 80 to `b`, 8080.
fn view() -> NatView {
    NatView {
        forwards: vec![forward(Protocol::Tcp, 80, 21, 8080)],
        ..usual()
    }
}

fn gateway(view: &NatView) -> (Lab, NftKernel) {
    let lab = Lab::new();
    let mut kernel = NftKernel::open().expect("a netlink socket");
    // Some of these have the host serve clients by TCP 80.
    let mut node = node();
    node.guard.opened = [(Protocol::Tcp, 80)].into();
    let table = plan(view, &node).expect("a plan").ruleset.image();
    kernel
        .replace_table(TABLE, &table)
        .expect("the table is replaced");
    kernel.enable_forwarding().expect("forwarding");
    (lab, kernel)
}

fn greeting(host: &'static str, to: &str) -> String {
    connect(host, to)
        .unwrap_or_else(|error| panic!("{host} to {to}: {error}"))
        .0
}

fn outbound_is_masqueraded() {
    let _lab = gateway(&view());
    serve("outside", 7000);
    assert_eq!(
        greeting("a", "203.0.113.100:7000"),
        "outside sees 203.0.113.1"
    );
}

fn a_forward_reaches_a_client_of_another_host() {
    let _lab = gateway(&view());
    serve("b", 8080);
    assert_eq!(greeting("outside", "203.0.113.1:80"), "b sees 10.15.3.10");
}

fn hairpin() {
    let _lab = gateway(&view());
    serve("b", 8080);
    assert_eq!(greeting("a", "203.0.113.1:80"), "b sees 10.15.3.10");
}

fn the_lan_address_is_not_forwarded() {
    let _lab = gateway(&view());
    serve("gateway", 80);
    serve("b", 8080);
    assert_eq!(greeting("a", "10.15.3.10:80"), "gateway sees 10.15.3.20");
    assert_eq!(greeting("outside", "203.0.113.1:80"), "b sees 10.15.3.10");
}

fn renewals_leaked_to_the_uplink_leave_no_trace() {
    after_a_while_without_listen_ip(&view());
}

fn nor_do_they_where_all_may_pass() {
    after_a_while_without_listen_ip(&open());
}

/// L1: a client goes on renewing while the listen IP is away, and with it the host's route to the
/// clients. Once it is back, its renewals are seen to be its own, and it hears the answers.
fn after_a_while_without_listen_ip(view: &NatView) {
    let _lab = gateway(view);
    ip("address del 10.15.3.1/24 dev OCvpsnet");
    ip("address add 10.15.3.1/32 dev OCvpsnet");
    ip("address replace 10.15.3.10/24 dev OCvpsnet");
    ip("route add default via 203.0.113.100");
    serve("gateway", 80);
    assert_eq!(greeting("a", "10.15.3.10:80"), "gateway sees 10.15.3.20");
    let client = datagrams("a", "10.15.3.20:68");
    let renew = || {
        let sent = client.send_to(b"renew", "10.15.3.10:67");
        sent.expect("a datagram is sent");
    };
    ip("address del 10.15.3.10/24 dev OCvpsnet");
    renew();
    ip("address add 10.15.3.10/24 dev OCvpsnet");
    let server = datagrams("gateway", "10.15.3.10:67");
    renew();
    let mut buffer = [0; 16];
    let (_, from) = server.recv_from(&mut buffer).expect("the renewal comes");
    assert_eq!(from.to_string(), "10.15.3.20:68");
    server.send_to(b"ack", from).expect("a datagram is sent");
    let (_, from) = client.recv_from(&mut buffer).expect("the answer comes");
    assert_eq!(from.to_string(), "10.15.3.10:67");
}

fn the_lan_is_closed_by_default() {
    let (_lab, mut kernel) = gateway(&view());
    serve("a", 7000);
    assert!(is_blocked("outside", "10.15.3.20:7000"));
    assert!(is_blocked("container", "10.15.3.20:7000"));
    kernel
        .replace_table(TABLE, &image(&open()))
        .expect("the table is replaced");
    assert_eq!(
        greeting("outside", "10.15.3.20:7000"),
        "a sees 203.0.113.100"
    );
}

fn others_forwarding_is_not_judged() {
    let _lab = gateway(&view());
    serve("outside", 7000);
    serve("container", 80);
    assert_eq!(
        greeting("container", "203.0.113.100:7000"),
        "outside sees 172.17.0.2"
    );
    assert_eq!(
        greeting("outside", "172.17.0.2:80"),
        "container sees 203.0.113.100"
    );
}

fn updating_disturbs_nobody() {
    const CONNECTIONS: u32 = 300;
    let (_lab, mut kernel) = gateway(&view());
    serve("b", 8080);
    serve("outside", 7000);
    let (_, mut lasting) = connect("outside", "203.0.113.1:80").expect("a connection");
    let done = AtomicBool::new(false);
    let updated = std::thread::scope(|scope| {
        let updating = scope.spawn(|| update_until(&mut kernel, &done));
        let finish = Finish(&done);
        for round in 0..CONNECTIONS {
            ping(&mut lasting)
                .unwrap_or_else(|error| panic!("the lasting connection, round {round}: {error}"));
            assert_eq!(
                greeting("outside", "203.0.113.1:80"),
                "b sees 10.15.3.10",
                "round {round}"
            );
            assert_eq!(
                greeting("container", "203.0.113.100:7000"),
                "outside sees 172.17.0.2",
                "round {round}"
            );
        }
        drop(finish);
        updating.join().expect("no panic")
    });
    println!(
        "  {} connections and a lasting one, while the table was changed {updated} times",
        2 * CONNECTIONS
    );
}

/// Goes between two plans that differ in the rules of three chains and in another forward.
fn update_until(kernel: &mut NftKernel, done: &AtomicBool) -> u32 {
    let other = NatView {
        forwards: [view().forwards, usual().forwards.split_off(1)].concat(),
        ..two_subnets()
    };
    let (first, second) = (image(&view()), image(&other));
    kernel
        .replace_table(TABLE, &first)
        .expect("the table is replaced");
    let (there, back) = (update(&first, &second), update(&second, &first));
    assert!(there.chains.len() == 3 && there.sets.len() == 4);
    let mut times = 0;
    while !done.load(Ordering::Relaxed) {
        kernel
            .update_table(TABLE, &there)
            .expect("the table is updated");
        kernel
            .update_table(TABLE, &back)
            .expect("the table is updated back");
        times += 2;
    }
    times
}

/// Ends the updating, also if the test fails meanwhile.
struct Finish<'a>(&'a AtomicBool);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
