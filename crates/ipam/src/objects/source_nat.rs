//! How a subnet's traffic leaves by the uplink. A subnet without such a rule is not translated.

use super::Object;
use crate::{ObjectRefusal, SnatPool, SourceNat, State, SubnetId};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;

/// How one subnet's traffic leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceNatRule {
    /// Whose traffic.
    pub subnet: SubnetId,
    /// To which source address.
    pub source_nat: SourceNat,
}

impl Object for SourceNatRule {
    type Key = SubnetId;

    const LIMIT: usize = crate::budget::MAX_SUBNETS;

    const LEADERS: bool = true;

    fn key(&self) -> SubnetId {
        self.subnet
    }

    fn size_bound(&self) -> usize {
        match self.source_nat {
            SourceNat::SnatPool(pool) => pool.addresses().len() * 5,
            SourceNat::Masquerade | SourceNat::Snat(_) => 0,
        }
    }

    fn check(&self, state: &State) -> Result<(), ObjectRefusal> {
        match state.subnets.contains_key(&self.subnet) {
            true => Ok(()),
            false => Err(ObjectRefusal::UnknownSubnet(self.subnet)),
        }
    }

    fn admit(&self, _: &State, _: bool) -> Result<(), ObjectRefusal> {
        Ok(())
    }

    fn taken(&self) -> String {
        format!("subnet {} is translated already: {self}", self.subnet)
    }

    fn samples() -> Vec<Self> {
        let subnet = SubnetId(1);
        let address = Ipv4Addr::new(192, 0, 2, 7);
        let pool = SnatPool::new(&[address, Ipv4Addr::new(192, 0, 2, 8)]);
        let pool = pool.map(SourceNat::SnatPool);
        let kinds = [
            Some(SourceNat::Masquerade),
            Some(SourceNat::Snat(address)),
            pool,
        ];
        let rule = |source_nat| Self { subnet, source_nat };
        kinds.into_iter().flatten().map(rule).collect()
    }
}

/// To what the source is translated.
impl fmt::Display for SourceNatRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source_nat {
            SourceNat::Masquerade => f.write_str("to the uplink's address"),
            SourceNat::Snat(address) => write!(f, "to {address}"),
            SourceNat::SnatPool(pool) => {
                f.write_str("to the first of these that a host has:")?;
                pool.addresses()
                    .iter()
                    .try_for_each(|address| write!(f, " {address}"))
            }
        }
    }
}
