//! The whole server on a link in memory, in virtual time: no socket, no kernel, no waiting.

mod lines;

use async_trait::async_trait;
use dhcpd::addressing::Destination;
use dhcpd::decide::Arrival;
use dhcpd::probe::{Answers, ProbeError, ProbeResult};
use dhcpd::socket::SocketError;
use dhcpd::testing::{Fault, MemoryLeaseService, PacketBuilder, subnet_config};
use dhcpd::{ClientLink, DhcpServer, LeaseView, RateLimits, RecvMeta, ServerConfig, ServerError};
use ipam::{Command, NodeId, OfferLease, Outcome, QuarantineAddress, Span};
use lines::Lines;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

const LISTEN_IP: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const PROBE_TAKES: Duration = Duration::from_millis(300);

/// What was sent, where to, and when after the start.
type Sent = (Duration, Destination, Vec<u8>);

/// A link with one server, and on it whoever answers probes.
struct MemoryLink {
    /// Who has a fixed address.
    hosts: Vec<(Ipv4Addr, [u8; 6])>,
    /// Who answers for every address, before anybody else does.
    answers_for_all: Option<[u8; 6]>,
    heard: tokio::sync::Mutex<mpsc::Receiver<Vec<u8>>>,
    sent: Mutex<Vec<Sent>>,
    lost: AtomicBool,
    origin: Instant,
}

#[async_trait]
impl ClientLink for MemoryLink {
    fn name(&self) -> &str {
        "memory"
    }

    fn check(&self) -> Result<(), SocketError> {
        if self.lost.load(Ordering::Relaxed) {
            return Err(SocketError::InterfaceLost(self.name().to_owned()));
        }
        Ok(())
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<RecvMeta> {
        let Some(datagram) = self.heard.lock().await.recv().await else {
            return std::future::pending().await;
        };
        buffer[..datagram.len()].copy_from_slice(&datagram);
        Ok(RecvMeta {
            length: datagram.len(),
            arrival: Arrival::broadcast(Ipv4Addr::UNSPECIFIED),
        })
    }

    async fn send(&self, to: Destination, reply: &[u8]) -> io::Result<()> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push((self.origin.elapsed(), to, reply.to_vec()));
        Ok(())
    }

    async fn probe(&self, address: Ipv4Addr, except: &[[u8; 6]]) -> Result<Answers, ProbeError> {
        let host = self.hosts.iter().find(|(other, _)| *other == address);
        let all = self.answers_for_all.into_iter();
        let (excepted, counted): (Vec<_>, Vec<_>) = all
            .chain(host.map(|(_, hardware)| *hardware))
            .partition(|hardware| except.contains(hardware));
        if let Some(first) = counted.first().copied() {
            return Ok(Answers {
                first: Some(first),
                excepted: None,
            });
        }
        tokio::time::sleep(PROBE_TAKES).await;
        Ok(Answers {
            first: None,
            excepted: excepted.first().copied(),
        })
    }

    async fn echo(&self, address: Ipv4Addr) -> Result<ProbeResult, ProbeError> {
        Ok(self.probe(address, &[]).await?.result())
    }
}

struct Bench {
    link: Arc<MemoryLink>,
    service: Arc<MemoryLeaseService>,
    client: mpsc::Sender<Vec<u8>>,
}

impl Bench {
    fn new() -> (Self, DhcpServer) {
        Self::among(Vec::new(), None)
    }

    fn among(
        hosts: Vec<(Ipv4Addr, [u8; 6])>,
        answers_for_all: Option<[u8; 6]>,
    ) -> (Self, DhcpServer) {
        let (client, heard) = mpsc::channel(8);
        let link = Arc::new(MemoryLink {
            hosts,
            answers_for_all,
            heard: tokio::sync::Mutex::new(heard),
            sent: Mutex::default(),
            lost: AtomicBool::new(false),
            origin: Instant::now(),
        });
        let subnet = subnet_config();
        let service = Arc::new(MemoryLeaseService::new(&subnet, &[(NodeId(1), LISTEN_IP)]));
        let config = ServerConfig {
            node: NodeId(1),
            subnet: subnet.id,
            interface: "memory".to_owned(),
            listen_ip: LISTEN_IP,
            relays: Vec::new(),
            limits: RateLimits::default(),
        };
        let server = DhcpServer::on(
            Arc::<MemoryLink>::clone(&link),
            &config,
            Arc::<MemoryLeaseService>::clone(&service),
        );
        let bench = Self {
            link,
            service,
            client,
        };
        (bench, server)
    }

    async fn says(&self, packet: &PacketBuilder) {
        let sent = self.client.send(packet.datagram()).await;
        sent.expect("the server listens");
    }

    fn sent(&self) -> Vec<Sent> {
        let sent = self.link.sent.lock();
        sent.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

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

/// The spans that lines are said in, and what is said in each, in order.
fn by_span(lines: &Lines) -> Vec<(String, Vec<String>)> {
    let mut spans: Vec<(String, Vec<String>)> = Vec::new();
    for (span, line) in lines.take() {
        match spans.iter_mut().find(|(known, _)| *known == span) {
            Some((_, lines)) => lines.push(line),
            None => spans.push((span, vec![line])),
        }
    }
    spans
}

#[tokio::test(start_paused = true)]
async fn packet_is_in_one_span_from_received_to_replied_with_the_id_that_the_port_gave() {
    let (bench, server) = Bench::new();
    let lines = Lines::default();
    let _listening = lines.listen();
    let request = |server: Ipv4Addr, xid| {
        let request = PacketBuilder::request(MAC).requested(Ipv4Addr::new(10, 15, 3, 20));
        request.server(server).xid(xid)
    };
    let client = async {
        bench.says(&PacketBuilder::discover(MAC).xid(0xa1)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.says(&request(LISTEN_IP, 0xa2)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench
            .says(&request(Ipv4Addr::new(10, 15, 3, 99), 0xa3))
            .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    server.run(client).await.expect("the link stays");
    let requests = bench.service.take_requests();
    assert_eq!(requests.len(), 2, "one command each");
    let span = |request: &str, xid: &str, kind: &str| {
        format!("request={request} xid={xid} client=02:00:00:00:00:01 message_type={kind}")
    };
    let said = by_span(&lines);
    let said: Vec<_> = said.iter().filter(|(span, _)| !span.is_empty()).collect();
    let [(discover, offered), (request, granted), (other, silent)] = said[..] else {
        panic!("three packets: {said:#?}")
    };
    assert_eq!(
        *discover,
        span(&requests[0].to_string(), "0xa1", "discover")
    );
    assert_eq!(*request, span(&requests[1].to_string(), "0xa2", "request"));
    let next = ipam::RequestId(requests[1].0 + 1).to_string();
    assert_eq!(*other, span(&next, "0xa3", "request"));
    assert_eq!(offered[..], ["received", "lease offered"]);
    assert_eq!(granted[..], ["received", "lease granted"]);
    assert_eq!(silent[..], ["received", "no reply"]);
}
