//! Which node answers what every node hears (lease contract, "Several servers on one link").
//!
//! Load balancing after the idea of RFC 3074: a hash of the client ranks the nodes in service. Rank 0 answers
//! at once, rank *r* after *r* retries of the client. If nodes disagree on who is in service, two of them
//! answer, or the client has to retry once more. Two answers agree, because both are committed. So the hash
//! only saves commits; correctness does not depend on it.

use crate::limits::SECS_PER_RANK;
use ipam::{ClientKey, NodeId};

/// How many of the nodes in service come before `node` for this client.
#[must_use]
pub fn rank(client: &ClientKey, node: NodeId, nodes_in_service: &[NodeId]) -> u32 {
    let own = (weight(client, node), node);
    let before = |other: &&NodeId| **other != node && (weight(client, **other), **other) > own;
    u32::try_from(nodes_in_service.iter().filter(before).count()).unwrap_or(u32::MAX)
}

/// Whether the node of this rank answers a client that has tried `earlier` times before, and
/// says that it began `secs` ago.
#[must_use]
pub fn answers(rank: u32, earlier: u32, secs: u16) -> bool {
    //~ mutant l3_waits_for_a_copy: return earlier >= rank + 2;
    earlier >= rank || u32::from(elapsed_secs(secs)) >= rank.saturating_mul(SECS_PER_RANK.into())
}

/// `secs`, corrected for clients that send its bytes in the wrong order: a multiple of 256 is read swapped. A
/// client that really has waited for 256 s has retried so often that `secs` no longer matters.
#[must_use]
pub const fn elapsed_secs(secs: u16) -> u16 {
    if secs.to_be_bytes()[1] == 0 {
        secs.swap_bytes()
    } else {
        secs
    }
}

/// A hash of the client alone, for code that counts clients rather than ranks nodes.
pub(crate) fn client_hash(client: &ClientKey) -> u64 {
    weight(client, NodeId::default())
}

/// Rendezvous hashing: every pair has a weight of its own, so a node that leaves hands its clients
/// to the others evenly, and no other client moves.
fn weight(client: &ClientKey, node: NodeId) -> u64 {
    let (tag, htype, bytes) = match client {
        ClientKey::Hardware(hardware) => (0, hardware.htype(), hardware.bytes()),
        ClientKey::Identifier(identifier) => (1, 0, identifier.bytes()),
    };
    let mut hash = FNV_OFFSET;
    for byte in [tag, htype]
        .iter()
        .chain(bytes)
        .chain(&node.0.to_be_bytes())
    {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
    }
    finalize(hash)
}

// FNV-1a's parameters for 64 bits.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Spreads the last bytes, which FNV mixes too little, over all bits (MurmurHash3's finalizer).
const fn finalize(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipam::HardwareAddress;

    const NODES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

    fn client(number: u16) -> ClientKey {
        let [a, b] = number.to_be_bytes();
        ClientKey::Hardware(HardwareAddress::ethernet([2, 0xaa, 0, 0, a, b]))
    }

    #[test]
    fn rank_is_a_permutation_of_the_nodes() {
        for number in 0..500 {
            let mut ranks = NODES.map(|node| rank(&client(number), node, &NODES));
            ranks.sort_unstable();
            assert_eq!(ranks, [0, 1, 2]);
        }
    }

    #[test]
    fn rank_spreads_clients_evenly_and_moves_few() {
        let first = |number, nodes: &[NodeId]| {
            *nodes
                .iter()
                .find(|node| rank(&client(number), **node, nodes) == 0)
                .expect("a first")
        };
        let count = |node| {
            (0..3000)
                .filter(|number| first(*number, &NODES) == node)
                .count()
        };
        for node in NODES {
            assert!(
                (900..=1100).contains(&count(node)),
                "node {node} has {}",
                count(node)
            );
        }
        let rest = [NodeId(1), NodeId(3)];
        for number in 0..500 {
            let before = first(number, &NODES);
            assert!(before == NodeId(2) || before == first(number, &rest));
        }
    }

    #[test]
    fn rank_of_unlisted_node_is_defined() {
        assert!(rank(&client(1), NodeId(9), &NODES) <= 3);
    }

    #[test]
    fn answers_rank_0_at_once_and_others_after_retries() {
        assert!(answers(0, 0, 0));
        assert!(!answers(1, 0, 0));
        assert!(answers(1, 1, 0));
        assert!(!answers(2, 1, 0));
        assert!(!answers(1, 0, 7));
        assert!(answers(1, 0, 8));
        assert!(!answers(2, 0, 15));
    }

    #[test]
    fn elapsed_secs_corrects_swapped_bytes() {
        assert_eq!(elapsed_secs(0x0100), 1);
        assert_eq!(elapsed_secs(1), 1);
        assert_eq!(elapsed_secs(300), 300);
        assert!(!answers(1, 0, 0x0400), "4 s, not 1024");
    }
}
