//! NAT intent.

use super::DecodeError;
use super::field::{ascending, known, required, small};
use crate::proto::command as wire;
use ipam::{
    Forward, ForwardKey, ForwardPolicy, ForwardTarget, MAX_SNAT_ADDRESSES, NatIntent, Protocol,
    SnatPool, SourceNat, SubnetId,
};
use std::net::Ipv4Addr;

impl From<SourceNat> for wire::SourceNat {
    fn from(source_nat: SourceNat) -> Self {
        use wire::source_nat::Kind;
        let kind = match source_nat {
            SourceNat::Masquerade => Kind::Masquerade(wire::Masquerade {}),
            SourceNat::Snat(address) => Kind::Snat(address.to_bits()),
            SourceNat::SnatPool(pool) => Kind::SnatPool(wire::SnatPool {
                addresses: pool.addresses().iter().map(|a| a.to_bits()).collect(),
            }),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<wire::SourceNat> for SourceNat {
    type Error = DecodeError;

    fn try_from(message: wire::SourceNat) -> Result<Self, DecodeError> {
        use wire::source_nat::Kind;
        match required("SourceNat.kind", message.kind)? {
            Kind::Masquerade(wire::Masquerade {}) => Ok(Self::Masquerade),
            Kind::Snat(bits) => Ok(Self::Snat(Ipv4Addr::from_bits(bits))),
            Kind::SnatPool(wire::SnatPool { addresses }) => snat_pool(&addresses),
        }
    }
}

fn snat_pool(bits: &[u32]) -> Result<SourceNat, DecodeError> {
    let addresses: Vec<_> = bits.iter().copied().map(Ipv4Addr::from_bits).collect();
    if addresses.is_empty() {
        return Err(DecodeError::Missing("SnatPool.addresses"));
    }
    let pool = SnatPool::new(&addresses).ok_or(DecodeError::OutOfRange {
        field: "SnatPool.addresses",
        value: addresses.len() as u64,
        limit: MAX_SNAT_ADDRESSES as u64,
    })?;
    Ok(SourceNat::SnatPool(pool))
}

impl From<ForwardPolicy> for wire::ForwardPolicy {
    fn from(policy: ForwardPolicy) -> Self {
        match policy {
            ForwardPolicy::Drop => Self::Drop,
            ForwardPolicy::Accept => Self::Accept,
        }
    }
}

/// A forward policy from its number.
pub(super) fn forward_policy(
    field: &'static str,
    value: i32,
) -> Result<ForwardPolicy, DecodeError> {
    match known(field, value)? {
        wire::ForwardPolicy::Unspecified => Err(DecodeError::Missing(field)),
        wire::ForwardPolicy::Drop => Ok(ForwardPolicy::Drop),
        wire::ForwardPolicy::Accept => Ok(ForwardPolicy::Accept),
    }
}

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

impl From<ForwardKey> for wire::ForwardKey {
    fn from(key: ForwardKey) -> Self {
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
            target,
            target_port,
        })
    }
}

impl From<&NatIntent> for wire::NatIntent {
    fn from(nat: &NatIntent) -> Self {
        let source_nat = nat
            .source_nat
            .iter()
            .map(|(subnet, source_nat)| wire::SubnetSourceNat {
                subnet: subnet.0,
                source_nat: Some((*source_nat).into()),
            });
        let forwards = nat
            .forwards
            .iter()
            .map(|(key, forward)| wire::ForwardEntry {
                key: Some((*key).into()),
                forward: Some(forward.into()),
            });
        Self {
            source_nat: source_nat.collect(),
            forwards: forwards.collect(),
            forward_policy: wire::ForwardPolicy::from(nat.forward_policy).into(),
        }
    }
}

impl TryFrom<wire::NatIntent> for NatIntent {
    type Error = DecodeError;

    fn try_from(message: wire::NatIntent) -> Result<Self, DecodeError> {
        let source_nat = message.source_nat.into_iter().map(decode_source_nat);
        let source_nat = source_nat.collect::<Result<Vec<_>, _>>()?;
        ascending(
            "NatIntent.source_nat",
            source_nat.iter().map(|(subnet, _)| subnet),
        )?;
        let forwards = message.forwards.into_iter().map(decode_forward);
        let forwards = forwards.collect::<Result<Vec<_>, _>>()?;
        ascending("NatIntent.forwards", forwards.iter().map(|(key, _)| key))?;
        Ok(Self {
            source_nat: source_nat.into_iter().collect(),
            forwards: forwards.into_iter().collect(),
            forward_policy: forward_policy("NatIntent.forward_policy", message.forward_policy)?,
        })
    }
}

fn decode_source_nat(message: wire::SubnetSourceNat) -> Result<(SubnetId, SourceNat), DecodeError> {
    let source_nat = required("SubnetSourceNat.source_nat", message.source_nat)?;
    Ok((SubnetId(message.subnet), source_nat.try_into()?))
}

fn decode_forward(message: wire::ForwardEntry) -> Result<(ForwardKey, Forward), DecodeError> {
    let key = required("ForwardEntry.key", message.key)?;
    let forward = required("ForwardEntry.forward", message.forward)?;
    Ok((key.try_into()?, forward.try_into()?))
}
