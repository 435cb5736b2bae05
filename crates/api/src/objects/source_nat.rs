//! How a subnet's traffic leaves.

use crate::DecodeError;
use crate::field::required;
use crate::proto::objects as wire;
use crate::shape::Field;
use ipam::{MAX_SNAT_ADDRESSES, SnatPool, SourceNat, SourceNatRule, SubnetId};
use std::net::Ipv4Addr;

/// What repeats in it, beside lists of addresses: nothing.
pub(super) const LISTS: &[Field] = &[];

impl From<&SourceNatRule> for wire::SourceNatRule {
    fn from(rule: &SourceNatRule) -> Self {
        Self {
            subnet: rule.subnet.0,
            source_nat: Some(rule.source_nat.into()),
        }
    }
}

impl TryFrom<wire::SourceNatRule> for SourceNatRule {
    type Error = DecodeError;

    fn try_from(message: wire::SourceNatRule) -> Result<Self, DecodeError> {
        Ok(Self {
            subnet: SubnetId(message.subnet),
            source_nat: required("SourceNatRule.source_nat", message.source_nat)?.try_into()?,
        })
    }
}

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
