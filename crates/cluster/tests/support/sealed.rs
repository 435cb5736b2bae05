//! A snapshot as the lying member of [`crate::live`] sends it.
#![allow(clippy::unwrap_used)]

use crate::live::{LIAR, route};
use api::proto::{peer, storage};
use prost::Message;
use raft_store::testing::seal_snapshot;
use raft_store::{CommittedLeaderId, LogId, Membership, PeerNode, SnapshotMeta, codec};
use std::collections::{BTreeMap, BTreeSet};

/// The call that installs `state` up to `index`. Its entries are of the first term, its sender leads the second.
pub fn snapshot(
    state: &ipam::State,
    [entries, leads]: [u64; 2],
    index: u64,
) -> (&'static str, Vec<Vec<u8>>) {
    let nodes = BTreeMap::from([(1, PeerNode::new("n1:1")), (LIAR, PeerNode::new("n2:1"))]);
    let members = Membership::new(vec![BTreeSet::from([1, LIAR])], nodes).unwrap();
    let laid_down = LogId::new(CommittedLeaderId::new(0), 0);
    let meta = SnapshotMeta {
        last_log_id: Some(LogId::new(CommittedLeaderId::new(entries), index)),
        last_membership: openraft::StoredMembership::new(Some(laid_down), members),
    };
    let bytes = seal_snapshot(&meta, state);
    let header = peer::SnapshotHeader {
        vote: Some(storage::Vote {
            term: leads,
            node_id: LIAR,
            committed: true,
        }),
        meta: Some(codec::encode_snapshot_meta(&meta)),
        length: bytes.len() as u64,
        route: route(),
    };
    let parts = [
        peer::snapshot_chunk::Part::Header(header),
        peer::snapshot_chunk::Part::Data(bytes),
    ];
    let chunks = parts.map(|part| peer::SnapshotChunk { part: Some(part) });
    let chunks = chunks.iter().map(Message::encode_to_vec).collect();
    ("InstallSnapshot", chunks)
}
