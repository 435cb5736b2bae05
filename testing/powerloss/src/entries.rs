//! What is written into the log: batches of DHCP commands, of sizes as they come and larger.

use fastrand::Rng;
use ipam::{
    AddressRange, Batch, Bootstrap, ClientIdentity, ClusterTime, Command, ForwardPolicy,
    HardwareAddress, Ipv4Network, NodeId, OfferLease, RequestId, Stamp, SubnetConfig, SubnetId,
};
use openraft::EntryPayload;
use raft_store::{CommittedLeaderId, Entry, LogId, Proposal};
use std::net::Ipv4Addr;

/// The subnet that all is about.
pub const SUBNET: SubnetId = SubnetId(1);
/// The node whose store it is.
pub const NODE: u64 = 1;

/// How many clients there are.
const CLIENTS: u32 = 200;
/// A batch of so many commands has more than one part on disk.
const LARGE_BATCH: usize = 300;

/// Where an entry stands.
#[must_use]
pub fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term), index)
}

/// An entry for this place; no two are alike.
pub fn entry(rng: &mut Rng, term: u64, index: u64) -> Entry {
    let payload = match index {
        0 => batch(term, index, vec![bootstrap().into()]),
        _ if rng.u8(0..10) == 0 => EntryPayload::Blank,
        _ => {
            let count = match rng.u8(0..20) {
                0 => LARGE_BATCH,
                1..=4 => rng.usize(20..80),
                _ => rng.usize(1..8),
            };
            let commands = (0..count).map(|_| offer(rng.u32(0..CLIENTS)));
            batch(term, index, commands.collect())
        }
    };
    Entry {
        log_id: log_id(term, index),
        payload,
    }
}

/// The client with this number.
#[must_use]
pub fn client(number: u32) -> ClientIdentity {
    let [a, b, c, d] = number.to_be_bytes();
    ClientIdentity {
        hardware: HardwareAddress::ethernet([2, 0xaa, a, b, c, d]),
        identifier: None,
    }
}

/// What makes a new cluster.
#[must_use]
pub fn bootstrap() -> Bootstrap {
    let ip = |last| Ipv4Addr::new(10, 15, 3, last);
    let network = Ipv4Network::new(ip(0), 24).expect("a network");
    let pool = AddressRange::new(ip(20), ip(254)).expect("a range");
    Bootstrap {
        cluster_id: [7; 16],
        subnet: SubnetConfig::new(SUBNET, network, ip(1), pool),
        source_nat: None,
        forward_policy: ForwardPolicy::Drop,
    }
}

fn batch(
    term: u64,
    index: u64,
    commands: Vec<Command>,
) -> EntryPayload<Proposal, u64, raft_store::PeerNode> {
    let stamp = Some(Stamp {
        term,
        time: ClusterTime(index * 10),
    });
    let commands = commands
        .into_iter()
        .map(|command| command.of(RequestId(index)));
    let commands = commands.collect();
    EntryPayload::Normal(Proposal::new(Batch { stamp, commands }))
}

fn offer(number: u32) -> Command {
    Command::from(OfferLease {
        subnet: SUBNET,
        client: client(number),
        requested: None,
        avoid: Vec::new(),
        hostname: None,
        node: NodeId(NODE),
        lease_time: None,
    })
}
