//! What DHCP clients ask for.

use crate::DecodeError;
use crate::field::{known, required};
use crate::objects::{hostname, hostname_bytes};
use crate::proto::log as wire;
use ipam::{
    ClusterTime, ConflictProbe, DeclineAddress, GrantLease, GrantRef, LeaseCommand, LiftQuarantine,
    NodeId, OfferLease, QuarantineAddress, ReleaseLease, RequestKind, Span, SubnetId,
};
use std::net::Ipv4Addr;
use wire::lease_command::Kind;

impl From<&LeaseCommand> for wire::LeaseCommand {
    fn from(command: &LeaseCommand) -> Self {
        let kind = match command {
            LeaseCommand::Offer(offer) => Kind::Offer(offer.into()),
            LeaseCommand::Grant(grant) => Kind::Grant(grant.into()),
            LeaseCommand::Release(release) => Kind::Release(release.into()),
            LeaseCommand::Decline(decline) => Kind::Decline(decline.into()),
            LeaseCommand::Quarantine(found) => Kind::Quarantine(found.into()),
            LeaseCommand::LiftQuarantine(lift) => Kind::LiftQuarantine(lift.into()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<wire::LeaseCommand> for LeaseCommand {
    type Error = DecodeError;

    fn try_from(message: wire::LeaseCommand) -> Result<Self, DecodeError> {
        Ok(match required("LeaseCommand.kind", message.kind)? {
            Kind::Offer(message) => Self::Offer(message.try_into()?),
            Kind::Grant(message) => Self::Grant(message.try_into()?),
            Kind::Release(message) => Self::Release(message.try_into()?),
            Kind::Decline(message) => Self::Decline(message.try_into()?),
            Kind::Quarantine(message) => Self::Quarantine(message.into()),
            Kind::LiftQuarantine(message) => Self::LiftQuarantine(message.into()),
        })
    }
}

impl From<&OfferLease> for wire::OfferLease {
    fn from(offer: &OfferLease) -> Self {
        Self {
            subnet: offer.subnet.0,
            client: Some((&offer.client).into()),
            requested: offer.requested.map(Ipv4Addr::to_bits),
            hostname: hostname_bytes(offer.hostname.as_ref()),
            node: offer.node.0,
            lease_time_ms: offer.lease_time.map(|span| span.0),
            avoid: offer.avoid.iter().copied().map(Ipv4Addr::to_bits).collect(),
        }
    }
}

impl TryFrom<wire::OfferLease> for OfferLease {
    type Error = DecodeError;

    fn try_from(message: wire::OfferLease) -> Result<Self, DecodeError> {
        Ok(Self {
            subnet: SubnetId(message.subnet),
            client: required("OfferLease.client", message.client)?.try_into()?,
            requested: message.requested.map(Ipv4Addr::from_bits),
            lease_time: message.lease_time_ms.map(Span),
            hostname: hostname("OfferLease.hostname", message.hostname.as_deref())?,
            node: NodeId(message.node),
            avoid: message.avoid.into_iter().map(Ipv4Addr::from_bits).collect(),
        })
    }
}

impl From<&GrantLease> for wire::GrantLease {
    fn from(grant: &GrantLease) -> Self {
        Self {
            subnet: grant.subnet.0,
            client: Some((&grant.client).into()),
            address: grant.address.to_bits(),
            kind: wire::RequestKind::from(grant.kind).into(),
            lease_time_ms: grant.lease_time.map(|span| span.0),
            hostname: hostname_bytes(grant.hostname.as_ref()),
            node: grant.node.0,
            probe: wire::ConflictProbe::from(grant.probe).into(),
        }
    }
}

impl TryFrom<wire::GrantLease> for GrantLease {
    type Error = DecodeError;

    fn try_from(message: wire::GrantLease) -> Result<Self, DecodeError> {
        let kind: wire::RequestKind = known("GrantLease.kind", message.kind)?;
        let probe: wire::ConflictProbe = known("GrantLease.probe", message.probe)?;
        Ok(Self {
            subnet: SubnetId(message.subnet),
            client: required("GrantLease.client", message.client)?.try_into()?,
            address: Ipv4Addr::from_bits(message.address),
            kind: kind.try_into()?,
            lease_time: message.lease_time_ms.map(Span),
            hostname: hostname("GrantLease.hostname", message.hostname.as_deref())?,
            node: NodeId(message.node),
            probe: probe.try_into()?,
        })
    }
}

impl From<RequestKind> for wire::RequestKind {
    fn from(kind: RequestKind) -> Self {
        match kind {
            RequestKind::Selecting => Self::Selecting,
            RequestKind::InitReboot => Self::InitReboot,
            RequestKind::Renewing => Self::Renewing,
            RequestKind::Rebinding => Self::Rebinding,
        }
    }
}

impl TryFrom<wire::RequestKind> for RequestKind {
    type Error = DecodeError;

    fn try_from(message: wire::RequestKind) -> Result<Self, DecodeError> {
        match message {
            wire::RequestKind::Unspecified => Err(DecodeError::Missing("GrantLease.kind")),
            wire::RequestKind::Selecting => Ok(Self::Selecting),
            wire::RequestKind::InitReboot => Ok(Self::InitReboot),
            wire::RequestKind::Renewing => Ok(Self::Renewing),
            wire::RequestKind::Rebinding => Ok(Self::Rebinding),
        }
    }
}

impl From<ConflictProbe> for wire::ConflictProbe {
    fn from(probe: ConflictProbe) -> Self {
        match probe {
            ConflictProbe::NotMade => Self::NotMade,
            ConflictProbe::Clear => Self::Clear,
            ConflictProbe::InUse => Self::InUse,
        }
    }
}

impl TryFrom<wire::ConflictProbe> for ConflictProbe {
    type Error = DecodeError;

    fn try_from(message: wire::ConflictProbe) -> Result<Self, DecodeError> {
        match message {
            wire::ConflictProbe::Unspecified => Err(DecodeError::Missing("GrantLease.probe")),
            wire::ConflictProbe::NotMade => Ok(Self::NotMade),
            wire::ConflictProbe::Clear => Ok(Self::Clear),
            wire::ConflictProbe::InUse => Ok(Self::InUse),
        }
    }
}

/// No grant is no field.
fn encode_grant(grant: GrantRef) -> Option<wire::GrantRef> {
    (grant != GrantRef::default()).then_some(wire::GrantRef {
        granted_ms: grant.granted.0,
        node: grant.node.0,
    })
}

fn decode_grant(message: Option<wire::GrantRef>) -> GrantRef {
    message.map_or_else(GrantRef::default, |grant| GrantRef {
        granted: ClusterTime(grant.granted_ms),
        node: NodeId(grant.node),
    })
}

impl From<&ReleaseLease> for wire::ReleaseLease {
    fn from(release: &ReleaseLease) -> Self {
        Self {
            subnet: release.subnet.0,
            client: Some((&release.client).into()),
            address: release.address.to_bits(),
            grant: encode_grant(release.grant),
            xid: release.xid,
        }
    }
}

impl TryFrom<wire::ReleaseLease> for ReleaseLease {
    type Error = DecodeError;

    fn try_from(message: wire::ReleaseLease) -> Result<Self, DecodeError> {
        Ok(Self {
            subnet: SubnetId(message.subnet),
            client: required("ReleaseLease.client", message.client)?.try_into()?,
            address: Ipv4Addr::from_bits(message.address),
            grant: decode_grant(message.grant),
            xid: message.xid,
        })
    }
}

impl From<&DeclineAddress> for wire::DeclineAddress {
    fn from(decline: &DeclineAddress) -> Self {
        Self {
            subnet: decline.subnet.0,
            client: Some((&decline.client).into()),
            address: decline.address.to_bits(),
            grant: encode_grant(decline.grant),
        }
    }
}

impl TryFrom<wire::DeclineAddress> for DeclineAddress {
    type Error = DecodeError;

    fn try_from(message: wire::DeclineAddress) -> Result<Self, DecodeError> {
        Ok(Self {
            subnet: SubnetId(message.subnet),
            client: required("DeclineAddress.client", message.client)?.try_into()?,
            address: Ipv4Addr::from_bits(message.address),
            grant: decode_grant(message.grant),
        })
    }
}

impl From<&QuarantineAddress> for wire::QuarantineAddress {
    fn from(quarantine: &QuarantineAddress) -> Self {
        Self {
            subnet: quarantine.subnet.0,
            address: quarantine.address.to_bits(),
            node: quarantine.node.0,
        }
    }
}

impl From<wire::QuarantineAddress> for QuarantineAddress {
    fn from(message: wire::QuarantineAddress) -> Self {
        Self {
            subnet: SubnetId(message.subnet),
            address: Ipv4Addr::from_bits(message.address),
            node: NodeId(message.node),
        }
    }
}

impl From<&LiftQuarantine> for wire::LiftQuarantine {
    fn from(lift: &LiftQuarantine) -> Self {
        Self {
            subnet: lift.subnet.0,
            address: lift.address.to_bits(),
            node: lift.node.0,
            until_ms: lift.until.0,
        }
    }
}

impl From<wire::LiftQuarantine> for LiftQuarantine {
    fn from(message: wire::LiftQuarantine) -> Self {
        Self {
            subnet: SubnetId(message.subnet),
            address: Ipv4Addr::from_bits(message.address),
            node: NodeId(message.node),
            until: ClusterTime(message.until_ms),
        }
    }
}
