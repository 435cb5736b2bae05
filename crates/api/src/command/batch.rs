//! A batch of commands: one log entry's worth.

use super::DecodeError;
use super::field::{fixed, required};
use super::nat::forward_policy;
use super::profile::profile;
use crate::proto::command as wire;
use ipam::{Batch, Bootstrap, ClusterTime, Command, NodeId, Stamp, SubnetId};
use prost::Message;
use std::net::Ipv4Addr;
use wire::command::Kind;

/// A batch as bytes. Equal batches are equal bytes.
#[must_use]
pub fn encode_batch(batch: &Batch) -> Vec<u8> {
    wire::Batch::from(batch).encode_to_vec()
}

/// A batch from bytes that anybody may have written.
pub fn decode_batch(bytes: &[u8]) -> Result<Batch, DecodeError> {
    let what = "a batch";
    let message = wire::Batch::decode(bytes);
    message
        .map_err(|source| DecodeError::Malformed { what, source })?
        .try_into()
}

impl From<&Batch> for wire::Batch {
    fn from(batch: &Batch) -> Self {
        Self {
            stamp: batch.stamp.map(|stamp| wire::Stamp {
                term: stamp.term,
                time_ms: stamp.time.0,
            }),
            commands: batch.commands.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<wire::Batch> for Batch {
    type Error = DecodeError;

    fn try_from(message: wire::Batch) -> Result<Self, DecodeError> {
        let commands = message.commands.into_iter().map(TryInto::try_into);
        Ok(Self {
            stamp: message.stamp.map(|stamp| Stamp {
                term: stamp.term,
                time: ClusterTime(stamp.time_ms),
            }),
            commands: commands.collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Command> for wire::Command {
    fn from(command: &Command) -> Self {
        Self {
            kind: Some(encode_kind(command)),
        }
    }
}

impl TryFrom<wire::Command> for Command {
    type Error = DecodeError;

    fn try_from(message: wire::Command) -> Result<Self, DecodeError> {
        decode_kind(required("Command.kind", message.kind)?)
    }
}

fn encode_kind(command: &Command) -> Kind {
    match command {
        Command::Bootstrap(bootstrap) => Kind::Bootstrap(bootstrap.into()),
        Command::RegisterNode(node) => Kind::RegisterNode(node.into()),
        Command::RemoveNode(node) => Kind::RemoveNode(wire::RemoveNode { node: node.0 }),
        Command::PutSubnet(config) => Kind::PutSubnet(config.into()),
        Command::OfferLease(offer) => Kind::OfferLease(offer.into()),
        Command::GrantLease(grant) => Kind::GrantLease(grant.into()),
        Command::ReleaseLease(release) => Kind::ReleaseLease(release.into()),
        Command::DeclineAddress(decline) => Kind::DeclineAddress(decline.into()),
        Command::QuarantineAddress(quarantine) => Kind::QuarantineAddress(quarantine.into()),
        Command::LiftQuarantine(lift) => Kind::LiftQuarantine(lift.into()),
        Command::RevokeLease {
            subnet,
            address,
            keep_record,
        } => Kind::RevokeLease(wire::RevokeLease {
            subnet: subnet.0,
            address: address.to_bits(),
            keep_record: *keep_record,
        }),
        Command::AddReservation {
            subnet,
            client,
            address,
        } => Kind::AddReservation(wire::AddReservation {
            subnet: subnet.0,
            client: Some(client.into()),
            address: address.to_bits(),
        }),
        Command::RemoveReservation { subnet, client } => {
            Kind::RemoveReservation(wire::RemoveReservation {
                subnet: subnet.0,
                client: Some(client.into()),
            })
        }
        Command::AddForward {
            key,
            forward,
            force,
        } => Kind::AddForward(wire::AddForward {
            key: Some((*key).into()),
            forward: Some(forward.into()),
            force: *force,
        }),
        Command::RemoveForward(key) => Kind::RemoveForward((*key).into()),
        Command::SetSourceNat { subnet, source_nat } => Kind::SetSourceNat(wire::SetSourceNat {
            subnet: subnet.0,
            source_nat: source_nat.map(Into::into),
        }),
        Command::SetForwardPolicy(policy) => Kind::SetForwardPolicy(wire::SetForwardPolicy {
            policy: wire::ForwardPolicy::from(*policy).into(),
        }),
        Command::SetProfile(profile) => Kind::SetProfile(wire::SetProfile {
            profile: wire::Profile::from(*profile).into(),
        }),
        Command::Tick => Kind::Tick(wire::Tick {}),
    }
}

fn decode_kind(kind: Kind) -> Result<Command, DecodeError> {
    Ok(match kind {
        Kind::Bootstrap(message) => Command::Bootstrap(message.try_into()?),
        Kind::RegisterNode(message) => Command::RegisterNode(message.try_into()?),
        Kind::RemoveNode(message) => Command::RemoveNode(NodeId(message.node)),
        Kind::PutSubnet(message) => Command::PutSubnet(message.try_into()?),
        Kind::OfferLease(message) => Command::OfferLease(message.try_into()?),
        Kind::GrantLease(message) => Command::GrantLease(message.try_into()?),
        Kind::ReleaseLease(message) => Command::ReleaseLease(message.try_into()?),
        Kind::DeclineAddress(message) => Command::DeclineAddress(message.try_into()?),
        Kind::QuarantineAddress(message) => Command::QuarantineAddress(message.into()),
        Kind::LiftQuarantine(message) => Command::LiftQuarantine(message.into()),
        Kind::RevokeLease(message) => Command::RevokeLease {
            subnet: SubnetId(message.subnet),
            address: Ipv4Addr::from_bits(message.address),
            keep_record: message.keep_record,
        },
        Kind::AddReservation(message) => Command::AddReservation {
            subnet: SubnetId(message.subnet),
            client: required("AddReservation.client", message.client)?.try_into()?,
            address: Ipv4Addr::from_bits(message.address),
        },
        Kind::RemoveReservation(message) => Command::RemoveReservation {
            subnet: SubnetId(message.subnet),
            client: required("RemoveReservation.client", message.client)?.try_into()?,
        },
        Kind::AddForward(message) => Command::AddForward {
            key: required("AddForward.key", message.key)?.try_into()?,
            forward: required("AddForward.forward", message.forward)?.try_into()?,
            force: message.force,
        },
        Kind::RemoveForward(message) => Command::RemoveForward(message.try_into()?),
        Kind::SetSourceNat(message) => Command::SetSourceNat {
            subnet: SubnetId(message.subnet),
            source_nat: message.source_nat.map(TryInto::try_into).transpose()?,
        },
        Kind::SetForwardPolicy(message) => {
            Command::SetForwardPolicy(forward_policy("SetForwardPolicy.policy", message.policy)?)
        }
        Kind::SetProfile(message) => {
            Command::SetProfile(profile("SetProfile.profile", message.profile)?)
        }
        Kind::Tick(wire::Tick {}) => Command::Tick,
    })
}

impl From<&Bootstrap> for wire::Bootstrap {
    fn from(bootstrap: &Bootstrap) -> Self {
        Self {
            cluster_id: bootstrap.cluster_id.to_vec(),
            subnet: Some((&bootstrap.subnet).into()),
            source_nat: bootstrap.source_nat.map(Into::into),
            forward_policy: wire::ForwardPolicy::from(bootstrap.forward_policy).into(),
        }
    }
}

impl TryFrom<wire::Bootstrap> for Bootstrap {
    type Error = DecodeError;

    fn try_from(message: wire::Bootstrap) -> Result<Self, DecodeError> {
        let policy = message.forward_policy;
        Ok(Self {
            cluster_id: fixed("Bootstrap.cluster_id", &message.cluster_id)?,
            subnet: required("Bootstrap.subnet", message.subnet)?.try_into()?,
            source_nat: message.source_nat.map(TryInto::try_into).transpose()?,
            forward_policy: forward_policy("Bootstrap.forward_policy", policy)?,
        })
    }
}
