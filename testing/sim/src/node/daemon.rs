//! What `gatewayd` does on a node, in simulated surroundings: opens the store, joins or founds the
//! cluster, keeps a kernel's NAT rules, serves DHCP.

use super::leases::WatchedLeases;
use super::nat;
use crate::disk::Disk;
use crate::lan::LanPort;
use crate::network::{Host, PeerNetwork};
use crate::sometimes::Sightings;
use ::node::{ClusterLeases, Node, StartConfig};
use anyhow::{Context, Result};
use cluster::{Cluster, ClusterConfig, PeerHandler, Start, Surroundings};
use dhcpd::{ClientLink, DhcpServer, LeaseService, RateLimits, ServerConfig};
use ipam::Bootstrap;
use natd::NodeContext;
use natd::kernel::fake::FakeKernel;
use raft_store::{Execution, OpenOptions};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a node is given.
#[derive(Clone)]
pub struct Boot {
    /// Its machine.
    pub host: Host,
    /// Its part in the cluster.
    pub config: ClusterConfig,
    /// How it begins if its disk is empty.
    pub start: Start,
    /// What its configuration says of the cluster.
    pub bootstrap: Bootstrap,
    /// The relay agents that it listens to.
    pub relays: Vec<Ipv4Addr>,
    /// What NAT rules need to know of it.
    pub nat: NodeContext,
}

/// What of a running node can be seen from outside.
#[derive(Clone, Default)]
pub struct Window(Arc<Mutex<Seen>>);

/// What is seen.
#[derive(Default)]
pub struct Seen {
    /// Whether it has got as far as its disk.
    pub opening: bool,
    /// The node, once its store is open.
    pub node: Option<Arc<Node>>,
    /// What answers its peers.
    pub handler: Option<PeerHandler>,
    /// Whether the cluster has accepted it, and it serves DHCP.
    pub serves: bool,
    /// Why it did not start.
    pub failure: Option<String>,
}

impl Seen {
    /// The node's part of the cluster, once its store is open.
    #[must_use]
    pub fn cluster(&self) -> Option<&Cluster> {
        self.node.as_deref().map(Node::cluster)
    }
}

impl Window {
    /// Looks at what is seen now: often, so nothing is copied.
    pub fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The node's place in the simulated world.
pub struct Place {
    /// Its disk.
    pub disk: Disk,
    /// The peers' network.
    pub network: PeerNetwork,
    /// Its port on the clients' link.
    pub port: LanPort,
    /// Its kernel.
    pub kernel: FakeKernel,
    /// Where it is counted what it comes across.
    pub sightings: Sightings,
}

/// Runs a node until it is dropped.
pub async fn run(boot: Boot, place: Place, window: Window) {
    if let Err(error) = serve(&boot, place, &window).await {
        window.lock().failure = Some(format!("{error:#}"));
    }
}

async fn serve(boot: &Boot, place: Place, window: &Window) -> Result<()> {
    let options = OpenOptions {
        execution: Execution::Tasks,
        ..OpenOptions::new(&boot.config.data_dir, boot.config.node.0)
    };
    let env = place.disk.start();
    window.lock().opening = true;
    let store = raft_store::open_on(env, &options)?;
    let surroundings = Surroundings {
        store,
        connector: place.network.connector(boot.host),
    };
    let (cluster, handler) = Cluster::start_in(boot.config.clone(), surroundings).await?;
    let (node, requests) = Node::new(cluster.clone(), Vec::new());
    let node = Arc::new(node);
    {
        let mut seen = window.lock();
        seen.node = Some(Arc::clone(&node));
        seen.handler = Some(handler);
    }
    let watched = Arc::clone(&node);
    tokio::spawn(async move { watched.watch_outages().await });
    let start = StartConfig {
        start: boot.start.clone(),
        own_bootstrap: boot.bootstrap.clone(),
        others: Vec::new(),
    };
    ::node::become_member(&start, &cluster, requests).await?;
    tokio::spawn(nat::keep(cluster.clone(), boot.nat.clone(), place.kernel));
    window.lock().serves = true;
    let config = ServerConfig {
        node: boot.config.node,
        subnet: boot.bootstrap.subnet.id,
        interface: "lan".to_owned(),
        listen_ip: boot.config.listen_ip,
        relays: boot.relays.clone(),
        limits: RateLimits::default(),
    };
    place.port.open();
    let sightings = place.sightings;
    let port: Arc<dyn ClientLink> = Arc::new(place.port);
    let leases: Arc<dyn LeaseService> = Arc::new(WatchedLeases::new(
        ClusterLeases::new(cluster),
        sightings.clone(),
    ));
    let bind = || {
        let server = DhcpServer::on(Arc::clone(&port), &config, Arc::clone(&leases));
        sightings.server(server.counters());
        Ok(server)
    };
    ::node::serve_dhcp(&node, bind)
        .await
        .context("serving DHCP")
}
