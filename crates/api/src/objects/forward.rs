//! Port forwards.

use crate::DecodeError;
use crate::field::{known, required, small};
use crate::proto::objects as wire;
use crate::shape::Field;
use ipam::{Forward, ForwardKey, ForwardTarget, Protocol, SubnetId};
use std::net::Ipv4Addr;

/// What repeats in it, beside lists of addresses: nothing.
pub(super) const LISTS: &[Field] = &[];

impl From<Protocol> for wire::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
        }
    }
}

/// Fails for what is never written.
impl TryFrom<wire::Protocol> for Protocol {
    type Error = ();

    fn try_from(protocol: wire::Protocol) -> Result<Self, ()> {
        match protocol {
            wire::Protocol::Unspecified => Err(()),
            wire::Protocol::Tcp => Ok(Self::Tcp),
            wire::Protocol::Udp => Ok(Self::Udp),
        }
    }
}

impl From<&ForwardKey> for wire::ForwardKey {
    fn from(key: &ForwardKey) -> Self {
        Self {
            protocol: wire::Protocol::from(key.protocol).into(),
            port: u32::from(key.port),
        }
    }
}

impl TryFrom<wire::ForwardKey> for ForwardKey {
    type Error = DecodeError;

    fn try_from(message: wire::ForwardKey) -> Result<Self, DecodeError> {
        let protocol: wire::Protocol = known("ForwardKey.protocol", message.protocol)?;
        let protocol = Protocol::try_from(protocol)
            .map_err(|()| DecodeError::Missing("ForwardKey.protocol"))?;
        let port = small("ForwardKey.port", message.port)?;
        Ok(Self { protocol, port })
    }
}

impl From<&Forward> for wire::Forward {
    fn from(forward: &Forward) -> Self {
        use wire::forward_target::Target;
        let target = match &forward.target {
            ForwardTarget::Address(address) => Target::Address(address.to_bits()),
            ForwardTarget::Client { subnet, client } => Target::Client(wire::ForwardClient {
                subnet: subnet.0,
                client: Some(client.into()),
            }),
        };
        Self {
            key: Some((&forward.key).into()),
            target: Some(wire::ForwardTarget {
                target: Some(target),
            }),
            target_port: u32::from(forward.target_port),
        }
    }
}

impl TryFrom<wire::Forward> for Forward {
    type Error = DecodeError;

    fn try_from(message: wire::Forward) -> Result<Self, DecodeError> {
        use wire::forward_target::Target;
        let target = required("Forward.target", message.target)?;
        let target = match required("ForwardTarget.target", target.target)? {
            Target::Address(bits) => ForwardTarget::Address(Ipv4Addr::from_bits(bits)),
            Target::Client(message) => ForwardTarget::Client {
                subnet: SubnetId(message.subnet),
                client: required("ForwardClient.client", message.client)?.try_into()?,
            },
        };
        let target_port = small("Forward.target_port", message.target_port)?;
        Ok(Self {
            key: required("Forward.key", message.key)?.try_into()?,
            target,
            target_port,
        })
    }
}
