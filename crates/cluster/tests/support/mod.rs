//! Nodes on the loopback with real disks, real sockets and short timers.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

mod certificates;
pub mod intruder;
pub mod liar;
pub mod memory;
pub mod raw;
pub mod surroundings;

pub use certificates::Authority;
use cluster::{Cluster, ClusterConfig, PeerTls, Snapshots, Start, StartError, Timings};
use ipam::*;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

pub const SUBNET: SubnetId = SubnetId(1);
/// How long anything may take on a busy machine. It is no expectation: tests wait for conditions.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Site {
    pub directories: Vec<TempDir>,
    addresses: Vec<SocketAddr>,
    pub authority: Option<Authority>,
    /// What its cluster begins with.
    pub profile: Profile,
    certificates: Mutex<BTreeMap<u64, PeerTls>>,
}

pub fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, last)
}

impl Site {
    pub fn new(nodes: usize) -> Self {
        Self {
            directories: (0..nodes).map(|_| TempDir::new().unwrap()).collect(),
            addresses: (0..nodes).map(|_| free_address()).collect(),
            authority: None,
            profile: Profile::Lan,
            certificates: Mutex::default(),
        }
    }

    /// The same with a CA of its own, and mutual TLS between its nodes.
    pub fn with_tls(nodes: usize) -> Self {
        Self {
            authority: Some(Authority::new()),
            ..Self::new(nodes)
        }
    }

    /// From its next start on, `node` is at another address.
    pub fn relocate(&mut self, node: u64) {
        let place = usize::try_from(node).unwrap() - 1;
        self.addresses[place] = free_address();
    }

    pub fn address(&self, node: u64) -> String {
        self.addresses[usize::try_from(node).unwrap() - 1].to_string()
    }

    pub fn config(&self, node: u64) -> ClusterConfig {
        let place = usize::try_from(node).unwrap() - 1;
        ClusterConfig {
            node: NodeId(node),
            data_dir: self.directories[place].path().join("data"),
            peer_listen: self.addresses[place],
            peer_address: self.address(node),
            listen_ip: ip(9 + u8::try_from(node).unwrap()),
            tls: self.certificate(node),
            timings: Timings {
                heartbeat: Duration::from_millis(50),
                election_min: Duration::from_millis(300),
                election_max: Duration::from_millis(600),
            },
            profile: self.profile,
            snapshots: Snapshots::default(),
            alone: false,
        }
    }

    /// What a node of this site proves itself by: the same each time, until it is renewed.
    pub fn certificate(&self, node: u64) -> Option<PeerTls> {
        let authority = self.authority.as_ref()?;
        let mut issued = self.certificates.lock().unwrap();
        let files = issued.entry(node).or_insert_with(|| authority.node(node));
        Some(files.clone())
    }

    /// The node gets a new key.
    pub fn renew(&self, node: u64) {
        self.certificates.lock().unwrap().remove(&node);
    }

    /// Starts a node anew with an empty data directory.
    pub async fn start_empty(&self, node: u64, member: u64) -> Result<Cluster, StartError> {
        let config = self.config(node);
        std::fs::remove_dir_all(&config.data_dir).unwrap();
        let join = Start::Join(vec![self.address(member)]);
        self.try_start(node, &join).await
    }

    pub async fn start(&self, node: u64, how: &Start) -> Cluster {
        let cluster = Cluster::start(self.config(node)).await.unwrap();
        cluster.begin(how).await.unwrap();
        cluster
    }

    pub async fn try_start(&self, node: u64, how: &Start) -> Result<Cluster, StartError> {
        let cluster = Cluster::start(self.config(node)).await?;
        cluster.begin(how).await?;
        Ok(cluster)
    }

    /// The whole site, up and in service.
    pub async fn up(&self) -> Vec<Cluster> {
        let mut nodes = vec![self.start(1, &bootstrap()).await];
        let join = Start::Join(vec![self.address(1)]);
        let others = (2..=self.directories.len() as u64).map(|node| self.start(node, &join));
        nodes.extend(futures::future::join_all(others).await);
        for node in &nodes {
            in_service(node).await;
        }
        nodes
    }
}

/// An address of the loopback that this process alone uses: no connection begins at it, so its ports stay
/// free.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(7000);
    let [.., high, low] = std::process::id().to_be_bytes();
    let port = NEXT.fetch_add(1, Ordering::Relaxed);
    (Ipv4Addr::new(127, 1, high, low), port).into()
}

pub fn bootstrap() -> Start {
    let bootstrap = Bootstrap {
        cluster_id: [7; 16],
        subnet: SubnetConfig::new(
            SUBNET,
            Ipv4Network::new(ip(0), 24).unwrap(),
            ip(1),
            AddressRange::new(ip(20), ip(254)).unwrap(),
        ),
        source_nat: Some(SourceNat::Masquerade),
        forward_policy: ForwardPolicy::Drop,
    };
    Start::Bootstrap(Box::new(bootstrap), vec![])
}

/// Waits for a condition; panics with its name when it does not come.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

pub async fn in_service(node: &Cluster) {
    let service = node.watch_service();
    until("in service", || service.borrow().in_service()).await;
}

pub fn client(number: u16) -> ClientIdentity {
    let [high, low] = number.to_be_bytes();
    let hardware = HardwareAddress::ethernet([2, 0xaa, 0, 0, high, low]);
    ClientIdentity {
        hardware,
        identifier: None,
    }
}

/// Obtains an address as a client would, through `node`; retries as a client would.
pub async fn obtain(node: &Cluster, number: u16) -> Ipv4Addr {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(address) = try_obtain(node, number).await {
            return address;
        }
        assert!(Instant::now() < deadline, "client {number} was not served");
    }
}

/// What `node` proposes for a client's DISCOVER.
pub fn offer(node: NodeId, number: u16) -> Command {
    Command::from(OfferLease {
        subnet: SUBNET,
        client: client(number),
        requested: None,
        avoid: Vec::new(),
        hostname: None,
        node,
        lease_time: None,
    })
}

pub async fn try_obtain(node: &Cluster, number: u16) -> Option<Ipv4Addr> {
    let here = node.node();
    let offered = node.propose(node.new_request(), offer(here, number)).await;
    let Ok(Outcome::Offered(offered)) = offered else {
        return None;
    };
    let grant = GrantLease {
        subnet: SUBNET,
        client: client(number),
        address: offered.address,
        kind: RequestKind::Selecting,
        lease_time: None,
        hostname: None,
        node: here,
        probe: ipam::ConflictProbe::NotMade,
    };
    match node.propose(node.new_request(), Command::from(grant)).await {
        Ok(Outcome::Granted(granted)) => Some(granted.address),
        _ => None,
    }
}

/// Waits until every node has applied what the first one has, and compares.
pub async fn converged(nodes: &[Cluster]) {
    let applied = |node: &Cluster| node.status().last_applied;
    until("every node has applied the same entry", || {
        nodes.iter().all(|node| applied(node) == applied(&nodes[0]))
    })
    .await;
    for node in nodes {
        assert!(
            node.read(State::clone) == nodes[0].read(State::clone),
            "S8: states differ"
        );
    }
}

pub fn leader_of(nodes: &[Cluster]) -> Option<usize> {
    let leader = nodes[0].status().leader?;
    nodes.iter().position(|node| node.status().node == leader)
}
