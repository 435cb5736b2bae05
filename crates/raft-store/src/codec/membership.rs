//! The members of the cluster.

use super::error::required;
use super::{CodecError, decode_log_id, encode_log_id};
use crate::{Membership, PeerNode, StoredMembership};
use api::proto::storage as wire;
use ipam::KeyHash;
use std::collections::{BTreeMap, BTreeSet};

/// The members.
#[must_use]
pub fn encode_membership(membership: &Membership) -> wire::Membership {
    let voters = |set: &BTreeSet<u64>| wire::VoterSet {
        node_ids: set.iter().copied().collect(),
    };
    let node = |(id, node): (&u64, &PeerNode)| wire::Node {
        node_id: *id,
        address: node.address.clone(),
        key: node.key.map(Vec::from),
    };
    wire::Membership {
        configs: membership.get_joint_config().iter().map(voters).collect(),
        nodes: membership.nodes().map(node).collect(),
    }
}

/// The members.
pub fn decode_membership(message: wire::Membership) -> Result<Membership, CodecError> {
    let mut nodes = BTreeMap::new();
    for node in message.nodes {
        let key = node.key.map(KeyHash::try_from).transpose();
        let key = key.map_err(|_| CodecError::KeyLength(node.node_id))?;
        let peer = PeerNode::new(node.address).with_key(key);
        if nodes.insert(node.node_id, peer).is_some() {
            return Err(CodecError::DuplicateNode(node.node_id));
        }
    }
    let configs = message.configs.into_iter();
    let configs = configs.map(|set| set.node_ids.into_iter().collect());
    Ok(Membership::new(configs.collect(), nodes)?)
}

/// The members, and the entry that made them so.
#[must_use]
pub fn encode_stored_membership(stored: &StoredMembership) -> wire::StoredMembership {
    wire::StoredMembership {
        log_id: stored.log_id().as_ref().map(encode_log_id),
        membership: Some(encode_membership(stored.membership())),
    }
}

/// The members, and the entry that made them so.
pub fn decode_stored_membership(
    message: wire::StoredMembership,
) -> Result<StoredMembership, CodecError> {
    let membership = required("StoredMembership.membership", message.membership)?;
    let log_id = message.log_id.map(decode_log_id);
    Ok(StoredMembership::new(
        log_id,
        decode_membership(membership)?,
    ))
}
