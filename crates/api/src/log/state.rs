//! The whole state: for snapshots, and for the digest that nodes compare (contract S8).

use super::forward_policy::forward_policy;
use super::profile::{decode_setting, encode_setting};
use crate::DecodeError;
use crate::field::{ascending, fixed, required};
use crate::proto::log as wire;
use ipam::{
    AnyObject, ClusterTime, MemberKey, NodeId, PastGrant, RemovedMembers, State, StateParts,
    Stored, SubnetId, SubnetLeases,
};
use prost::Message;
use sha2::{Digest, Sha256};
use std::net::Ipv4Addr;

/// The state as bytes. Equal states are equal bytes.
#[must_use]
pub fn encode_state(state: &State) -> Vec<u8> {
    wire::State::from(state).encode_to_vec()
}

/// A state from bytes that anybody may have written.
pub fn decode_state(bytes: &[u8]) -> Result<State, DecodeError> {
    let what = "a state";
    let message = wire::State::decode(bytes);
    message
        .map_err(|source| DecodeError::Malformed { what, source })?
        .try_into()
}

/// What two nodes that have applied the same entry must agree on: SHA-256 of the encoded state.
#[must_use]
pub fn state_digest(state: &State) -> [u8; 32] {
    digest_of(&encode_state(state))
}

/// [`state_digest`] of a state that is encoded already.
#[must_use]
pub fn digest_of(encoded_state: &[u8]) -> [u8; 32] {
    Sha256::digest(encoded_state).into()
}

impl From<&State> for wire::State {
    fn from(state: &State) -> Self {
        let parts = state.to_parts();
        Self {
            clock_ms: parts.clock.0,
            cluster_id: parts.cluster_id.map(|id| id.to_vec()),
            nodes: parts.nodes.iter().map(Into::into).collect(),
            objects: parts.objects.iter().map(Into::into).collect(),
            leases: parts.leases.iter().map(Into::into).collect(),
            forward_policy: wire::ForwardPolicy::from(parts.forward_policy).into(),
            profile: encode_setting(parts.profile),
            removed: parts.removed.as_slice().iter().map(removed).collect(),
        }
    }
}

impl TryFrom<wire::State> for State {
    type Error = DecodeError;

    fn try_from(message: wire::State) -> Result<Self, DecodeError> {
        ascending("State.nodes", message.nodes.iter().map(|node| node.node))?;
        let cluster_id = message.cluster_id.as_deref();
        let objects = message.objects.into_iter().map(TryInto::try_into);
        let objects = objects.collect::<Result<Vec<Stored<AnyObject>>, _>>()?;
        let keys = objects.iter().map(|stored| stored.object.key());
        ascending("State.objects", keys)?;
        ascending(
            "State.leases",
            message.leases.iter().map(|leases| leases.subnet),
        )?;
        let leases = message.leases.into_iter().map(TryInto::try_into);
        let nodes = message.nodes.into_iter().map(TryInto::try_into);
        let parts = StateParts {
            clock: ClusterTime(message.clock_ms),
            cluster_id: cluster_id
                .map(|bytes| fixed("State.cluster_id", bytes))
                .transpose()?,
            nodes: nodes.collect::<Result<_, _>>()?,
            objects,
            leases: leases.collect::<Result<_, _>>()?,
            forward_policy: forward_policy("State.forward_policy", message.forward_policy)?,
            profile: decode_setting(message.profile)?,
            removed: RemovedMembers::new(decode_removed(&message.removed)?),
        };
        Ok(Self::from_parts(parts)?)
    }
}

fn removed(member: &MemberKey) -> wire::RemovedMember {
    wire::RemovedMember {
        node: member.node.0,
        key: member.key.map(Vec::from),
    }
}

fn decode_removed(members: &[wire::RemovedMember]) -> Result<Vec<MemberKey>, DecodeError> {
    let members = members.iter().map(|member| {
        let key = member.key.as_deref();
        let key = key.map(|key| fixed("RemovedMember.key", key)).transpose()?;
        let node = NodeId(member.node);
        Ok(MemberKey { node, key })
    });
    members.collect()
}

impl From<&SubnetLeases> for wire::SubnetLeases {
    fn from(subnet: &SubnetLeases) -> Self {
        Self {
            subnet: subnet.subnet.0,
            leases: subnet.leases.iter().map(Into::into).collect(),
            past_grants: subnet.past_grants.iter().map(encode_past_grants).collect(),
        }
    }
}

impl TryFrom<wire::SubnetLeases> for SubnetLeases {
    type Error = DecodeError;

    fn try_from(message: wire::SubnetLeases) -> Result<Self, DecodeError> {
        ascending(
            "SubnetLeases.leases",
            message.leases.iter().map(|lease| lease.address),
        )?;
        let leases = message.leases.into_iter().map(TryInto::try_into);
        let past_grants = message.past_grants.iter().map(|record| record.address);
        ascending("SubnetLeases.past_grants", past_grants)?;
        let past_grants = message.past_grants.into_iter().map(decode_past_grants);
        Ok(Self {
            subnet: SubnetId(message.subnet),
            leases: leases.collect::<Result<_, _>>()?,
            past_grants: past_grants.collect::<Result<_, _>>()?,
        })
    }
}

fn encode_past_grants((address, grants): &(Ipv4Addr, Vec<PastGrant>)) -> wire::PastGrantsRecord {
    let grant = |grant: &PastGrant| wire::PastGrant {
        client: Some((&grant.client).into()),
        until_ms: grant.until.0,
        releases: grant.releases.clone(),
    };
    wire::PastGrantsRecord {
        address: address.to_bits(),
        grants: grants.iter().map(grant).collect(),
    }
}

fn decode_past_grants(
    message: wire::PastGrantsRecord,
) -> Result<(Ipv4Addr, Vec<PastGrant>), DecodeError> {
    let grants = message.grants.into_iter().map(|grant| {
        Ok(PastGrant {
            client: required("PastGrant.client", grant.client)?.try_into()?,
            until: ClusterTime(grant.until_ms),
            releases: grant.releases,
        })
    });
    let grants = grants.collect::<Result<_, DecodeError>>()?;
    Ok((Ipv4Addr::from_bits(message.address), grants))
}
