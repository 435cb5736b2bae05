//! The whole server on a link in memory, in virtual time: no socket, no kernel, no waiting.

mod link;

use dhcpd::addressing::Destination;
use dhcpd::socket::SocketError;
use dhcpd::testing::{Fault, PacketBuilder, subnet_config};
use dhcpd::{LeaseView, ServerError};
use ipam::{Command, NodeId, OfferLease, Outcome, QuarantineAddress, Span};
use link::{Bench, LISTEN_IP, MAC, PROBE_TAKES, Sent};
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The message type of a reply: option 53, if it is the first one.
fn message_type(reply: &[u8]) -> Option<u8> {
    reply.get(240..243).and_then(|option| match option {
        [53, 1, kind] => Some(*kind),
        _ => None,
    })
}

/// DISCOVER, OFFER, REQUEST, ACK, in so much virtual time: everything that was sent.
async fn exchange() -> Vec<Sent> {
    let (bench, server) = Bench::new();
    let client = async {
        bench.says(&PacketBuilder::discover(MAC)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let request = PacketBuilder::request(MAC)
            .requested(Ipv4Addr::new(10, 15, 3, 20))
            .server(LISTEN_IP);
        bench.says(&request).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let served = server.run(client).await;
    served.expect("the link stays");
    bench.sent()
}

#[tokio::test(start_paused = true)]
async fn server_completes_an_exchange_on_a_memory_link() {
    let sent = exchange().await;
    let types: Vec<_> = sent
        .iter()
        .map(|(_, _, bytes)| message_type(bytes))
        .collect();
    assert_eq!(types, [Some(2), Some(5)], "OFFER, ACK");
    let (offered_after, to, _) = &sent[0];
    assert!(*offered_after >= PROBE_TAKES, "probed first (L6)");
    let expected = Destination::Link {
        address: Ipv4Addr::new(10, 15, 3, 20),
        hardware: MAC,
    };
    assert_eq!(*to, expected);
}

/// What a simulation relies on.
#[tokio::test(start_paused = true)]
async fn server_is_deterministic() {
    assert_eq!(exchange().await, exchange().await);
}

#[tokio::test(start_paused = true)]
async fn server_ends_when_its_interface_is_lost() {
    let (bench, server) = Bench::new();
    bench.link.lost.store(true, Ordering::Relaxed);
    let ended = server.run(std::future::pending()).await;
    let Err(ServerError::Socket { interface, source }) = ended else {
        panic!("it served on: {ended:?}")
    };
    assert_eq!(interface, "memory");
    assert!(matches!(source, SocketError::InterfaceLost(_)));
}

/// L2: it hears the client, says nothing, and knows why. The same packet is answered with a quorum.
#[tokio::test(start_paused = true)]
async fn server_without_quorum_sends_nothing() {
    let (bench, server) = Bench::new();
    let counters = server.counters();
    bench.service.set_fault(Fault::NoQuorum);
    let client = async {
        bench.says(&PacketBuilder::discover(MAC)).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(bench.sent(), []);
        let silent = counters.snapshot().no_reply;
        assert!(silent.contains(&("out_of_service", 1)), "{silent:?}");
        bench.service.set_fault(Fault::None);
        bench.says(&PacketBuilder::discover(MAC).xid(2)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(bench.sent().len(), 1);
    };
    server.run(client).await.expect("the link stays");
}

/// Nobody has to ask for it.
#[tokio::test(start_paused = true)]
async fn server_rechecks_and_frees_a_quarantined_address() {
    let (bench, server) = Bench::new();
    let (subnet, node) = (subnet_config().id, NodeId(1));
    let offer = Command::from(OfferLease {
        subnet,
        client: PacketBuilder::discover(MAC).packet().identity(),
        requested: None,
        lease_time: None,
        hostname: None,
        node,
        avoid: Vec::new(),
    });
    let Outcome::Offered(offered) = bench.service.apply(&offer) else {
        panic!("no offer")
    };
    let quarantine = Command::from(QuarantineAddress {
        subnet,
        address: offered.address,
        node,
    });
    assert_eq!(bench.service.apply(&quarantine), Outcome::Done);
    let quarantined = || bench.service.quarantined(subnet, 9).len();
    let time = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(quarantined(), 1, "not in the set time");
        bench
            .service
            .pass(Span(subnet_config().times.quarantine.0 / 4));
        bench.service.apply(&Command::TICK);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(quarantined(), 0);
    };
    server.run(time).await.expect("the link stays");
}

/// Clients that try again after 4, 8, 16, … s, each offered an address within three times, as the server sends them.
async fn offered_among(
    hosts: Vec<(Ipv4Addr, [u8; 6])>,
    answers_for_all: Option<[u8; 6]>,
) -> Vec<Ipv4Addr> {
    let (bench, server) = Bench::among(hosts, answers_for_all);
    let counters = server.counters();
    let client = async {
        for number in 1..=20 {
            let discover = PacketBuilder::discover([2, 0, 0, 0, 1, number]);
            for (xid, pause) in [(1, 4), (2, 8), (3, 16)] {
                bench.says(&discover.clone().xid(xid)).await;
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
        }
    };
    server.run(client).await.expect("the link stays");
    let found = counters.snapshot().indiscriminate;
    assert_eq!(found, u64::from(answers_for_all.is_some()));
    let sent = bench.sent();
    let offers = sent
        .iter()
        .filter(|(_, _, reply)| message_type(reply) == Some(2));
    offers
        .map(|(_, _, reply)| <[u8; 4]>::try_from(&reply[16..20]).expect("4 bytes").into())
        .collect()
}

/// L1, L6: one machine answers every probe. New clients are served, and whoever is on an address keeps it.
#[tokio::test(start_paused = true)]
async fn l1_responder_for_every_address_is_ignored() {
    let hosts = vec![(Ipv4Addr::new(10, 15, 3, 30), [2, 0, 0, 0, 9, 1])];
    let offered = offered_among(hosts.clone(), Some([2, 0, 0, 0, 9, 9])).await;
    let clients: std::collections::BTreeSet<_> = offered.iter().collect();
    assert!(clients.len() >= 18, "the first wait: {offered:?}");
    assert!(!offered.contains(&hosts[0].0), "{offered:?}");
}

/// L6: a host with many fixed addresses, behind a VPN perhaps, keeps them all: it leaves others alone.
#[tokio::test(start_paused = true)]
async fn l6_a_host_with_many_addresses_keeps_them_all() {
    let fixed = |host| (Ipv4Addr::new(10, 15, 3, host), [2, 0, 0, 0, 9, 9]);
    let hosts: Vec<_> = (20..120).step_by(2).map(fixed).collect();
    let offered = offered_among(hosts.clone(), None).await;
    assert!(!offered.is_empty());
    for (address, _) in hosts {
        assert!(!offered.contains(&address), "{address}");
    }
}
