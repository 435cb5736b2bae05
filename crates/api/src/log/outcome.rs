//! What came of a command.

use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use ipam::{Granted, Offered, Outcome, Span};
use std::net::Ipv4Addr;
use wire::outcome::Kind;

impl From<&Outcome> for wire::Outcome {
    fn from(outcome: &Outcome) -> Self {
        let kind = match outcome {
            Outcome::Done => Kind::Done(wire::Done {}),
            Outcome::Offered(offered) => Kind::Offered(wire::OfferedAddress {
                address: offered.address.to_bits(),
                lease_time_ms: offered.lease_time.0,
                returning: offered.returning,
            }),
            Outcome::Granted(granted) => Kind::Granted(wire::GrantedAddress {
                address: granted.address.to_bits(),
                lease_time_ms: granted.lease_time.0,
            }),
            Outcome::Refused(refusal) => Kind::Refused(refusal.into()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<wire::Outcome> for Outcome {
    type Error = DecodeError;

    fn try_from(message: wire::Outcome) -> Result<Self, DecodeError> {
        Ok(match required("Outcome.kind", message.kind)? {
            Kind::Done(wire::Done {}) => Self::Done,
            Kind::Offered(offered) => Self::Offered(Offered {
                address: Ipv4Addr::from_bits(offered.address),
                lease_time: Span(offered.lease_time_ms),
                returning: offered.returning,
            }),
            Kind::Granted(granted) => Self::Granted(Granted {
                address: Ipv4Addr::from_bits(granted.address),
                lease_time: Span(granted.lease_time_ms),
            }),
            Kind::Refused(refusal) => Self::Refused(refusal.try_into()?),
        })
    }
}
