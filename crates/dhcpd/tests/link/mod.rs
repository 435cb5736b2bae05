//! A server on a link in memory: what clients say, and what was sent.
#![allow(dead_code, reason = "each test uses its part")]

use async_trait::async_trait;
use dhcpd::addressing::Destination;
use dhcpd::decide::Arrival;
use dhcpd::probe::{Answers, ProbeError, ProbeResult};
use dhcpd::socket::SocketError;
use dhcpd::testing::{MemoryLeaseService, PacketBuilder, subnet_config};
use dhcpd::{ClientLink, DhcpServer, RateLimits, RecvMeta, ServerConfig};
use ipam::NodeId;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub const LISTEN_IP: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);
pub const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
pub const PROBE_TAKES: Duration = Duration::from_millis(300);

/// What was sent, where to, and when after the start.
pub type Sent = (Duration, Destination, Vec<u8>);

/// A link with one server, and on it whoever answers probes.
pub struct MemoryLink {
    /// Who has a fixed address.
    pub hosts: Vec<(Ipv4Addr, [u8; 6])>,
    /// Who answers for every address, before anybody else does.
    pub answers_for_all: Option<[u8; 6]>,
    pub heard: tokio::sync::Mutex<mpsc::Receiver<Vec<u8>>>,
    pub sent: Mutex<Vec<Sent>>,
    pub lost: AtomicBool,
    pub origin: Instant,
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

pub struct Bench {
    pub link: Arc<MemoryLink>,
    pub service: Arc<MemoryLeaseService>,
    pub client: mpsc::Sender<Vec<u8>>,
}

impl Bench {
    pub fn new() -> (Self, DhcpServer) {
        Self::among(Vec::new(), None)
    }

    pub fn among(
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

    pub async fn says(&self, packet: &PacketBuilder) {
        let sent = self.client.send(packet.datagram()).await;
        sent.expect("the server listens");
    }

    pub fn sent(&self) -> Vec<Sent> {
        let sent = self.link.sent.lock();
        sent.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
