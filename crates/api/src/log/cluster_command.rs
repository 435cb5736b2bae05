//! What nodes ask, and operators of the cluster itself.

use super::forward_policy::forward_policy;
use super::profile::profile;
use crate::DecodeError;
use crate::field::{fixed, required};
use crate::proto::log as wire;
use ipam::{Bootstrap, ClusterCommand, NodeId, Operator, SubnetId};
use std::net::Ipv4Addr;
use wire::cluster_command::Kind;

impl From<&ClusterCommand> for wire::ClusterCommand {
    fn from(command: &ClusterCommand) -> Self {
        let kind = match command {
            ClusterCommand::Bootstrap(bootstrap) => Kind::Bootstrap((&**bootstrap).into()),
            ClusterCommand::RegisterNode(node) => Kind::RegisterNode(node.into()),
            ClusterCommand::RemoveNode(node) => Kind::RemoveNode(node.0),
            ClusterCommand::RevokeLease {
                operator,
                subnet,
                address,
            } => Kind::RevokeLease(wire::RevokeLease {
                operator: Some(operator.into()),
                subnet: subnet.0,
                address: address.to_bits(),
            }),
            ClusterCommand::SetForwardPolicy { operator, policy } => {
                Kind::SetForwardPolicy(wire::SetForwardPolicy {
                    operator: Some(operator.into()),
                    policy: wire::ForwardPolicy::from(*policy).into(),
                })
            }
            ClusterCommand::SetProfile { operator, profile } => {
                Kind::SetProfile(wire::SetProfile {
                    operator: Some(operator.into()),
                    profile: wire::Profile::from(*profile).into(),
                })
            }
            ClusterCommand::Tick => Kind::Tick(wire::Tick {}),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<wire::ClusterCommand> for ClusterCommand {
    type Error = DecodeError;

    fn try_from(message: wire::ClusterCommand) -> Result<Self, DecodeError> {
        Ok(match required("ClusterCommand.kind", message.kind)? {
            Kind::Bootstrap(message) => Self::Bootstrap(Box::new(message.try_into()?)),
            Kind::RegisterNode(message) => Self::RegisterNode(message.try_into()?),
            Kind::RemoveNode(node) => Self::RemoveNode(NodeId(node)),
            Kind::RevokeLease(message) => Self::RevokeLease {
                operator: required("RevokeLease.operator", message.operator)?.into(),
                subnet: SubnetId(message.subnet),
                address: Ipv4Addr::from_bits(message.address),
            },
            Kind::SetForwardPolicy(message) => Self::SetForwardPolicy {
                operator: required("SetForwardPolicy.operator", message.operator)?.into(),
                policy: forward_policy("SetForwardPolicy.policy", message.policy)?,
            },
            Kind::SetProfile(message) => Self::SetProfile {
                operator: required("SetProfile.operator", message.operator)?.into(),
                profile: profile("SetProfile.profile", message.profile)?,
            },
            Kind::Tick(wire::Tick {}) => Self::Tick,
        })
    }
}

impl From<&Operator> for wire::Operator {
    fn from(operator: &Operator) -> Self {
        Self {
            node: operator.node.0,
            from: operator.from.clone(),
        }
    }
}

impl From<wire::Operator> for Operator {
    fn from(message: wire::Operator) -> Self {
        Self {
            node: NodeId(message.node),
            from: message.from,
        }
    }
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
