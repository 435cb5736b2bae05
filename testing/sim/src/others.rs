//! Another cluster on the same peers' network: in one of five runs. Its nodes have the ids that ours have, and
//! clients of its own on another link. The names of both clusters are drawn.

use crate::network::Host;
use anyhow::Result;
use fastrand::Rng;
use ipam::{AddressRange, Bootstrap, Ipv4Network, NodeId};
use std::net::Ipv4Addr;

/// So that the rest of a seed is what it was.
const SALT: u64 = 0x07e5_c105;
/// So that the names take nothing from it either.
const NAME_SALT: u64 = 0x1d_0f_c1;
/// The hosts of the other cluster come after this one.
pub const OTHERS: Host = 100;

/// The other cluster.
#[derive(Clone, Debug)]
pub struct OtherCluster {
    /// How many nodes.
    pub nodes: u64,
    /// What it was founded with.
    pub bootstrap: Bootstrap,
    /// For whatever else there is to choose.
    pub seed: u64,
}

impl OtherCluster {
    /// The other cluster of a run, if it has one.
    pub fn draw(seed: u64, ours: &Bootstrap) -> Result<Option<Self>> {
        let mut random = Rng::with_seed(seed ^ SALT);
        if random.u8(0..5) != 0 {
            return Ok(None);
        }
        let at = |last: u8| Ipv4Addr::new(10, 77, 0, last);
        let mut bootstrap = ours.clone();
        bootstrap.cluster_id = name(&mut random);
        let subnet = &mut bootstrap.subnet;
        subnet.network = Ipv4Network::new(at(0), 24)?;
        subnet.router = at(1);
        subnet.pool = AddressRange::new(at(20), at(90))?;
        subnet.excluded = Vec::new();
        Ok(Some(Self {
            nodes: random.u64(1..=3),
            bootstrap,
            seed: random.u64(..),
        }))
    }

    /// Its hosts.
    pub fn hosts(&self) -> impl Iterator<Item = Host> + use<> {
        OTHERS + 1..=OTHERS + self.nodes
    }
}

/// The name of our cluster.
#[must_use]
pub fn our_name(seed: u64) -> [u8; 16] {
    name(&mut Rng::with_seed(seed ^ NAME_SALT))
}

fn name(random: &mut Rng) -> [u8; 16] {
    random.u128(1..).to_be_bytes()
}

/// The id of the node on a host.
#[must_use]
pub const fn node_on(host: Host) -> NodeId {
    match host > OTHERS {
        true => NodeId(host - OTHERS),
        false => NodeId(host),
    }
}

/// Whether both belong to one cluster.
#[must_use]
pub const fn are_of_one_cluster(one: Host, other: Host) -> bool {
    (one > OTHERS) == (other > OTHERS)
}

/// Where the peers of another cluster's node reach it at first.
#[must_use]
pub fn peer_address(host: Host) -> String {
    format!("x{}:7000", node_on(host).0)
}

/// The address of another cluster's node on its own link.
#[must_use]
pub fn listen_ip(host: Host) -> Ipv4Addr {
    let last = u8::try_from(node_on(host).0).unwrap_or(u8::MAX);
    Ipv4Addr::new(10, 77, 0, last.saturating_add(9))
}
