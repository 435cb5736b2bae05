//! What of the host keeps traffic from flowing: each condition is seen, said with its remedy, and gone when it
//! ends (S11). Whether a chain of others stops our traffic, the traffic itself says.

use crate::Test;
use crate::common::{LAN, UPLINK, node, subnet, usual};
use crate::guard::gateway;
use crate::lab::{connect, datagrams, delivers, ip, is_blocked, serve};
use crate::sandbox::{nft, run};
use ipam::{ForwardKey, NatView, Protocol, ResolvedForward, SnatPool, SourceNat};
use natd::host::HostWatch;
use natd::{Intent, NodeContext, plan};
use std::fs;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

pub const TESTS: [Test; 9] = [
    ("uplink_that_is_amiss_is_said", uplink_that_is_amiss_is_said),
    (
        "listen_ip_that_is_gone_is_said",
        listen_ip_that_is_gone_is_said,
    ),
    (
        "forwarding_off_by_interface_is_said",
        forwarding_off_by_interface_is_said,
    ),
    (
        "snat_address_that_comes_and_goes_is_said",
        snat_address_that_comes_and_goes_is_said,
    ),
    ("foreign_chains_say_of_outbound_what_packets_say", || {
        agree(&OUTBOUND, &[], outbound_passes)
    }),
    ("foreign_chains_say_of_answers_what_packets_say", || {
        agree(&ANSWERS, &[], outbound_passes)
    }),
    ("foreign_chains_say_of_forwards_what_packets_say", || {
        agree(&INBOUND, &[WEB], inbound_passes)
    }),
    ("foreign_chains_say_of_dhcp_what_packets_say", || {
        agree(&DHCP, &[], dhcp_passes)
    }),
    (
        "foreign_chains_say_of_the_bridge_what_packets_say",
        bridge_is_filtered,
    ),
];

/// Far more than a look takes; only a hang gets here.
const LIMIT: Duration = Duration::from_secs(20);

/// A running watch of the host.
struct Watched {
    runtime: tokio::runtime::Runtime,
    problems: watch::Receiver<Vec<String>>,
    nodes: watch::Receiver<Arc<NodeContext>>,
    /// The watch ends with it.
    _intents: watch::Sender<Arc<Intent>>,
}

impl Watched {
    fn start(view: &NatView) -> Self {
        // The runtime's threads are children of this one, so they are in its network namespace.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (intents, seen) = watch::channel(Arc::new(Intent::from(view.clone())));
        let (publish_nodes, nodes) = watch::channel(Arc::new(node()));
        let (publish, problems) = watch::channel(vec!["not looked yet".to_owned()]);
        runtime.block_on(async {
            let host = HostWatch::open().expect("subscriptions");
            let host = host.with_resync(Duration::from_millis(50));
            tokio::spawn(host.run(publish_nodes, seen, publish));
        });
        let watched = Self {
            runtime,
            problems,
            nodes,
            _intents: intents,
        };
        watched.until("a calm start", <[String]>::is_empty);
        watched
    }

    fn until(&self, what: &str, mut condition: impl FnMut(&[String]) -> bool) -> Vec<String> {
        let mut problems = self.problems.clone();
        let wait = async { timeout(LIMIT, problems.wait_for(|found| condition(found))).await };
        let found = self.runtime.block_on(wait);
        let found = found.map(|found| found.expect("the watch runs").clone());
        found.unwrap_or_else(|_| {
            let last = self.problems.borrow();
            panic!("not within {LIMIT:?}: {what}; {last:?}")
        })
    }

    /// One problem that has all of these words, and no other.
    fn says(&self, words: &[&str]) {
        self.until(&format!("{words:?}"), |found| {
            found.len() == 1 && words.iter().all(|word| found[0].contains(word))
        });
    }

    fn is_calm(&self, after: &str) {
        self.until(&format!("calm after {after}"), <[String]>::is_empty);
    }
}

fn uplink_that_is_amiss_is_said() {
    let _lab = gateway(&usual(), &node());
    let host = Watched::start(&usual());
    ip(&format!("link set {UPLINK} down"));
    host.says(&["switched off", "ip link set vmbr0 up"]);
    ip(&format!("link set {UPLINK} name vmbr9"));
    host.says(&[
        "there is no interface vmbr0",
        "GATEWAY_UPLINK_INTERFACE",
        "vmbr9",
    ]);
    ip(&format!("link set vmbr9 name {UPLINK}"));
    ip(&format!("link set {UPLINK} up"));
    host.is_calm("its own name");
    ip(&format!("address delete 203.0.113.1/24 dev {UPLINK}"));
    host.says(&["no IPv4 address", "ip address add"]);
    ip(&format!("address add 203.0.113.1/24 dev {UPLINK}"));
    host.is_calm("an address");
    ip(&format!("link delete {UPLINK}"));
    host.says(&["there is no interface vmbr0"]);
}

fn listen_ip_that_is_gone_is_said() {
    let _lab = gateway(&usual(), &node());
    let host = Watched::start(&usual());
    let own = format!("{}/24 dev {LAN}", node().listen_ip);
    ip(&format!("address delete {own}"));
    host.says(&["listen IP", "is gone", "ip address add"]);
    ip(&format!("address add {own}"));
    host.is_calm("an address");
}

fn forwarding_off_by_interface_is_said() {
    let _lab = gateway(&usual(), &node());
    let host = Watched::start(&usual());
    serve("outside", 7000);
    for interface in [LAN, UPLINK] {
        let switch = format!("/proc/sys/net/ipv4/conf/{interface}/forwarding");
        fs::write(&switch, "0").expect("the switch is there");
        let all = fs::read_to_string("/proc/sys/net/ipv4/conf/all/forwarding");
        assert_eq!(all.expect("readable").trim(), "1", "the others stay on");
        host.says(&[
            interface,
            &format!("net.ipv4.conf.{interface}.forwarding=1"),
        ]);
        assert!(is_blocked("a", "203.0.113.100:7000"), "{interface}");
        fs::write(&switch, "1").expect("the switch is there");
        host.is_calm("the switch");
        assert!(connect("a", "203.0.113.100:7000").is_ok(), "{interface}");
    }
}

/// The watch tells the plan which addresses there are.
fn snat_address_that_comes_and_goes_is_said() {
    let address = |last| Ipv4Addr::new(203, 0, 113, last);
    let pool = SnatPool::new(&[address(7), address(8)]).expect("a pool");
    let _lab = gateway(&usual(), &node());
    for (nat, words) in [
        (
            SourceNat::Snat(address(7)),
            "203.0.113.7 (snat), which this host does not have",
        ),
        (SourceNat::SnatPool(pool), "none of the addresses"),
    ] {
        let view = NatView {
            subnets: vec![subnet(Some(nat))],
            ..usual()
        };
        let host = Watched::start(&view);
        let mut nodes = host.nodes.clone();
        let mut until = |what: &str, wanted: bool| {
            let amiss = |node: &Arc<NodeContext>| {
                let problems = plan(&view, node).expect("a plan").problems;
                problems.iter().any(|problem| problem.contains(words)) == wanted
            };
            let seen = async { timeout(LIMIT, nodes.wait_for(amiss)).await.is_ok() };
            assert!(host.runtime.block_on(seen), "{what}");
        };
        until("at the start", true);
        ip(&format!("address add 203.0.113.7/32 dev {UPLINK}"));
        until("with the address", false);
        ip(&format!("address delete 203.0.113.7/32 dev {UPLINK}"));
        until("without it", true);
    }
}

/// A table of somebody else's; whether it stops our traffic, packets say.
const OUTBOUND: [&str; 21] = [
    "ip t { chain c { type filter hook forward priority 0; policy drop; } }",
    "ip t { chain c { type filter hook forward priority -150; policy drop; } }",
    "inet t { chain c { type filter hook forward priority 10; policy drop; } }",
    "inet t { chain c { type filter hook prerouting priority -300; policy drop; } }",
    "ip t { chain c { type filter hook prerouting priority 0; policy drop; } }",
    "inet t { chain c { type filter hook postrouting priority 0; policy drop; } }",
    "ip t { chain c { type filter hook postrouting priority 300; policy drop; } }",
    // As iptables-nft writes them, with chains of their own.
    "ip filter { chain USER { counter return; } chain FORWARD { type filter hook forward priority filter; \
     policy drop; counter jump USER; iifname docker0 counter accept; oifname docker0 ct state established,related counter accept; } }",
    "ip filter { chain USER { iifname OCvpsnet accept; oifname OCvpsnet accept; } chain FORWARD { type filter hook forward \
     priority filter; policy drop; counter jump USER; } }",
    "inet t { chain last { drop; } chain c { type filter hook forward priority 0; iifname docker0 accept; goto last; } }",
    "inet t { chain own { iifname OCvpsnet accept; oifname OCvpsnet accept; drop; } \
     chain c { type filter hook forward priority 0; policy drop; jump own; } }",
    "inet t { chain c { type filter hook forward priority 0; reject; } }",
    "inet t { chain c { type filter hook forward priority 0; ip saddr 10.15.3.0/24 drop; } }",
    // Accepted first; or not asked; or not ours.
    "inet t { chain c { type filter hook forward priority 0; policy drop; ip saddr 10.15.0.0/16 accept; ct state established accept; } }",
    "inet t { chain c { type filter hook forward priority 0; policy drop; ct state vmap { established : accept, related : accept, \
     invalid : drop }; iifname OCvpsnet accept; } }",
    "inet t { chain c { type filter hook forward priority 0; policy drop; meta protocol ip accept; } }",
    "inet t { chain c { type filter hook forward priority 0; iifname docker0 drop; ct state invalid drop; } }",
    "ip6 t { chain c { type filter hook forward priority 0; policy drop; } }",
    "inet t { flags dormant; chain c { type filter hook forward priority 0; policy drop; } }",
    "inet t { chain c { type filter hook output priority 0; policy accept; } }",
    "inet t { chain c { type filter hook input priority 0; iifname vmbr0 drop; } }",
];

/// Chains that let the first packet pass.
const ANSWERS: [&str; 3] = [
    "inet t { chain c { type filter hook forward priority 0; policy drop; iifname OCvpsnet accept; } }",
    "inet t { chain c { type filter hook forward priority 0; iifname vmbr0 ct state new,established drop; } }",
    "inet t { chain c { type filter hook forward priority 0; policy drop; iifname OCvpsnet accept; ct state established accept; } }",
];

const WEB: ResolvedForward = ResolvedForward {
    key: ForwardKey {
        protocol: Protocol::Tcp,
        port: 80,
    },
    address: Ipv4Addr::new(10, 15, 3, 20),
    port: 8080,
};

const INBOUND: [&str; 5] = [
    "inet t { chain c { type filter hook forward priority 0; iifname vmbr0 ct state new drop; } }",
    "inet t { chain c { type filter hook forward priority 0; policy drop; iifname OCvpsnet accept; ct state established accept; } }",
    "inet t { chain c { type filter hook forward priority 0; ip daddr 10.15.3.20 tcp dport 8080 ct state new drop; } }",
    "inet t { chain c { type filter hook forward priority 0; policy drop; iifname OCvpsnet accept; ct state established accept; ct status dnat accept; } }",
    "inet t { chain c { type filter hook forward priority 0; iifname vmbr0 ct state new ct status dnat accept; iifname vmbr0 ct state new drop; } }",
];

const DHCP: [&str; 7] = [
    "inet t { chain c { type filter hook input priority 0; policy drop; } }",
    "ip t { chain c { type filter hook prerouting priority -300; udp dport 67 drop; } }",
    "inet t { chain c { type filter hook input priority -10; iifname OCvpsnet drop; } }",
    "inet t { chain c { type filter hook output priority 0; policy drop; } }",
    "inet t { chain c { type filter hook postrouting priority 0; udp sport 67 drop; } }",
    "inet t { chain c { type filter hook input priority 0; policy drop; udp dport 67 accept; } }",
    "inet t { chain c { type filter hook output priority 0; policy drop; oifname OCvpsnet accept; } }",
];

/// What is said of each table is what becomes of packets: an alarm if they are dropped, none if they pass.
fn agree(tables: &[&str], forwards: &[ResolvedForward], passes: fn() -> bool) {
    let mut view = usual();
    view.forwards = forwards.to_vec();
    let _lab = gateway(&view, &node());
    let host = Watched::start(&view);
    serve("outside", 7000);
    serve("a", 8080);
    assert!(passes(), "nothing is in the way yet");
    for table in tables {
        add_table(table);
        let passes = passes();
        let name = table.split(" {").next().expect("its name");
        let named = |problem: &&String| problem.contains(&format!("table {name},"));
        // A look that sees this one has seen the other.
        add_table(
            "inet marker { chain c { type filter hook input priority 300; udp dport 67 drop; } }",
        );
        let said = host.until(table, |found| {
            let marked = found.iter().any(|one| one.contains("table inet marker,"));
            marked && (found.iter().find(named).is_none() == passes)
        });
        println!("  {table}\n    {:?}", said.iter().find(named));
        let known = |one: &String| named(&one) || one.contains("table inet marker,");
        assert!(said.iter().all(known), "{said:?}");
        nft(&format!("delete table {name}"));
        nft("delete table inet marker");
        host.is_calm(table);
    }
}

/// Adds a table that is written in one line.
fn add_table(table: &str) {
    nft(&format!("table {table}")
        .replace("} }", "}\n}")
        .replace("} chain", "}\nchain"));
}

fn outbound_passes() -> bool {
    !is_blocked("a", "203.0.113.100:7000")
}

fn inbound_passes() -> bool {
    !is_blocked("outside", "203.0.113.1:80")
}

/// A renewal is heard, and its answer gets out.
fn dhcp_passes() -> bool {
    let server = datagrams("gateway", "10.15.3.10:67");
    let client = datagrams("a", "10.15.3.20:68");
    let hears = crate::lab::receives(&server, || client.send_to(b"x", "10.15.3.10:67"));
    // What a chain drops on its way out, the kernel refuses to the sender at once.
    let answered = crate::lab::receives(&client, || {
        Ok(server.send_to(b"x", "10.15.3.20:68").unwrap_or_default())
    });
    hears && answered
}

/// Docker's chain, on a kernel that shows it what the bridge carries.
fn bridge_is_filtered() {
    const SWITCH: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    let _lab = gateway(&usual(), &node());
    let host = Watched::start(&usual());
    add_table(
        "ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; iifname OCvpsnet oifname vmbr0 accept; oifname OCvpsnet iifname vmbr0 accept; } }",
    );
    if fs::metadata(SWITCH).is_err() {
        return println!("  this kernel has no br_netfilter");
    }
    let neighbour = datagrams("b", "10.15.3.21:9000");
    let arrives = || delivers("a", "10.15.3.20:0", "10.15.3.21:9000", &neighbour);
    fs::write(SWITCH, "1").expect("the switch is there");
    host.says(&["send to each other", "bridge-nf-call-iptables=0"]);
    assert!(!arrives());
    fs::write(SWITCH, "0").expect("the switch is there");
    host.is_calm("the switch");
    assert!(arrives());
    run("nft", &["delete", "table", "ip", "filter"]);
}
