//! The whole state: for snapshots, and for the digest that nodes compare (contract S8).

use super::DecodeError;
use super::field::{ascending, fixed, required};
use super::profile::{decode_setting, encode_setting};
use crate::proto::command as wire;
use ipam::{
    ClientKey, ClusterTime, MemberKey, NodeId, PastGrant, RemovedMembers, State, StateParts,
    SubnetParts,
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
            subnets: parts.subnets.iter().map(Into::into).collect(),
            nat: Some((&parts.nat).into()),
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
        let subnets = message.subnets.into_iter().map(SubnetParts::try_from);
        let subnets = subnets.collect::<Result<Vec<_>, _>>()?;
        ascending(
            "State.subnets",
            subnets.iter().map(|subnet| subnet.config.id),
        )?;
        let nodes = message.nodes.into_iter().map(TryInto::try_into);
        let parts = StateParts {
            clock: ClusterTime(message.clock_ms),
            cluster_id: cluster_id
                .map(|bytes| fixed("State.cluster_id", bytes))
                .transpose()?,
            nodes: nodes.collect::<Result<_, _>>()?,
            subnets,
            nat: required("State.nat", message.nat)?.try_into()?,
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

impl From<&SubnetParts> for wire::SubnetState {
    fn from(subnet: &SubnetParts) -> Self {
        let reservation = |(client, address): &(ClientKey, Ipv4Addr)| wire::ReservationRecord {
            client: Some(client.into()),
            address: address.to_bits(),
        };
        Self {
            config: Some((&subnet.config).into()),
            leases: subnet.leases.iter().map(Into::into).collect(),
            reservations: subnet.reservations.iter().map(reservation).collect(),
            past_grants: subnet.past_grants.iter().map(encode_past_grants).collect(),
        }
    }
}

impl TryFrom<wire::SubnetState> for SubnetParts {
    type Error = DecodeError;

    fn try_from(message: wire::SubnetState) -> Result<Self, DecodeError> {
        ascending(
            "SubnetState.leases",
            message.leases.iter().map(|lease| lease.address),
        )?;
        let leases = message.leases.into_iter().map(TryInto::try_into);
        let reservations = message.reservations.into_iter().map(decode_reservation);
        let reservations = reservations.collect::<Result<Vec<_>, _>>()?;
        let keys = reservations.iter().map(|(client, _)| client);
        ascending("SubnetState.reservations", keys)?;
        let past_grants = message.past_grants.iter().map(|record| record.address);
        ascending("SubnetState.past_grants", past_grants)?;
        let past_grants = message.past_grants.into_iter().map(decode_past_grants);
        Ok(Self {
            config: required("SubnetState.config", message.config)?.try_into()?,
            leases: leases.collect::<Result<_, _>>()?,
            reservations,
            past_grants: past_grants.collect::<Result<_, _>>()?,
        })
    }
}

fn decode_reservation(
    message: wire::ReservationRecord,
) -> Result<(ClientKey, Ipv4Addr), DecodeError> {
    let client = required("ReservationRecord.client", message.client)?;
    Ok((client.try_into()?, Ipv4Addr::from_bits(message.address)))
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
