//! Three nodes on the loopback, each with a disk of its own that can lose its power.

use crate::entries::{SUBNET, bootstrap, client};
use crate::scratch::scratch;
use anyhow::{Context, Result, bail};
use cluster::{Cluster, ClusterConfig, Snapshots, Start, StartError, Timings};
use faultfs::{Device, Image, Mounted};
use ipam::{
    ClientKey, Command, GrantLease, IdentityPolicy, LeaseState, NodeId, OfferLease, Outcome,
    RequestKind, State,
};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

/// How many nodes there are.
pub(super) const NODES: usize = 3;
/// How long anything may take on a busy machine. It is no expectation: we wait for conditions.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long a client waits for an answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(2);
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);

/// The nodes' disks and addresses.
pub(super) struct Site {
    disks: Vec<NodeDisk>,
}

struct NodeDisk {
    device: Arc<Device>,
    mounted: Mounted,
    directory: TempDir,
    address: SocketAddr,
}

impl Site {
    pub(super) fn new() -> Result<Self> {
        let disks = (0..NODES).map(|_| NodeDisk::new());
        let disks = disks.collect::<Result<_>>()?;
        Ok(Self { disks })
    }

    pub(super) fn device(&self, node: usize) -> &Device {
        &self.disks[node].device
    }

    /// A new cluster of all nodes, in service.
    pub(super) async fn up(&self) -> Result<Vec<Cluster>> {
        let first = Start::Bootstrap(Box::new(bootstrap()), vec![]);
        let mut nodes = vec![self.start(0, &first).await?];
        let join = Start::Join(vec![self.disks[0].address.to_string()]);
        for node in 1..NODES {
            nodes.push(self.start(node, &join).await?);
        }
        for node in &nodes {
            in_service(node).await?;
        }
        Ok(nodes)
    }

    /// Starts a node that has data.
    pub(super) async fn restart(&self, node: usize) -> Result<Cluster> {
        let started = self.start(node, &Start::Wait).await;
        started.with_context(|| format!("node {} does not start again", node + 1))
    }

    /// Takes the disks away.
    pub(super) fn down(self) -> Result<()> {
        for disk in self.disks {
            disk.mounted.unmount()?;
        }
        Ok(())
    }

    async fn start(&self, node: usize, how: &Start) -> Result<Cluster, StartError> {
        let disk = &self.disks[node];
        let number = u8::try_from(node).unwrap_or(u8::MAX);
        let config = ClusterConfig {
            node: NodeId(u64::from(number) + 1),
            data_dir: disk.directory.path().join("data"),
            peer_listen: disk.address,
            peer_address: disk.address.to_string(),
            listen_ip: Ipv4Addr::new(10, 15, 3, 10 + number),
            tls: None,
            timings: Timings {
                heartbeat: Duration::from_millis(50),
                election_min: Duration::from_millis(300),
                election_max: Duration::from_millis(600),
            },
            snapshots: Snapshots::default(),
        };
        let cluster = Cluster::start(config).await?;
        cluster.begin(how).await?;
        Ok(cluster)
    }
}

impl NodeDisk {
    fn new() -> Result<Self> {
        let device = Arc::new(Device::new(Image::default()));
        let directory = scratch()?;
        let mounted = Mounted::new(device.clone(), directory.path())?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        Ok(Self {
            device,
            mounted,
            directory,
            address: free.context("looking for a free port")?,
        })
    }
}

/// Who holds an address.
pub(super) fn holder(state: &State, address: Ipv4Addr) -> Option<ClientKey> {
    let lease = state.subnet_containing(address)?.leases().get(address)?;
    matches!(lease.state, LeaseState::Bound { .. }).then(|| lease.client.clone())
}

/// The client with this number, as the cluster knows it.
pub(super) fn key(number: u32) -> ClientKey {
    IdentityPolicy::HardwareAddress.key(&client(number))
}

/// Obtains an address as a client would, through `node`; nothing if the answer does not come.
pub(super) async fn obtain(node: &Cluster, number: u32) -> Option<Ipv4Addr> {
    timeout(CLIENT_PATIENCE, exchange(node, number))
        .await
        .ok()?
}

async fn exchange(node: &Cluster, number: u32) -> Option<Ipv4Addr> {
    let here = node.status().node;
    let offer = OfferLease {
        subnet: SUBNET,
        client: client(number),
        requested: None,
        hostname: None,
        node: here,
    };
    let Ok(Outcome::Offered(offered)) = node.propose(Command::OfferLease(offer)).await else {
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
    };
    match node.propose(Command::GrantLease(grant)).await {
        Ok(Outcome::Granted(granted)) => Some(granted.address),
        _ => None,
    }
}

/// Waits for something that must come.
pub(super) async fn in_time<T>(what: &str, coming: impl Future<Output = T>) -> Result<T> {
    let came = timeout(PATIENCE, coming).await;
    came.with_context(|| format!("{what}: not within {PATIENCE:?}"))
}

/// Waits for a condition.
pub(super) async fn until(what: &str, mut condition: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            bail!("{what}: not within {PATIENCE:?}");
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// Waits until a node serves clients.
pub(super) async fn in_service(node: &Cluster) -> Result<()> {
    let id = node.status().node.0;
    until(&format!("node {id} is in service"), || {
        node.service().in_service()
    })
    .await
}
