//! A hardware address.

use std::fmt::{self, Display};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

/// A 48-bit Ethernet address, written `02:aa:00:00:00:01`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// All stations.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// The address `offset` after this one.
    pub fn plus(self, offset: u32) -> Self {
        let mut wide = [0; 8];
        wide[2..].copy_from_slice(&self.0);
        let sum = u64::from_be_bytes(wide).wrapping_add(u64::from(offset));
        let mut mac = [0; 6];
        mac.copy_from_slice(&sum.to_be_bytes()[2..]);
        Self(mac)
    }

    /// The address in the first six bytes of `bytes`.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(*bytes.first_chunk()?))
    }
}

impl Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The same as `Display`: messages are full of these.
impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for MacAddr {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = text
            .split(':')
            .map(|part| u8::from_str_radix(part, 16))
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| format!("{text:?} is not a hardware address"))?;
        let mac = bytes
            .try_into()
            .map_err(|_| anyhow!("{text:?} is not six bytes"))?;
        Ok(Self(mac))
    }
}

impl From<MacAddr> for String {
    fn from(mac: MacAddr) -> Self {
        mac.to_string()
    }
}

impl TryFrom<String> for MacAddr {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_addition_carries() {
        let mac: MacAddr = "02:aa:00:00:00:ff".parse().expect("a good address");
        assert_eq!(mac.plus(1).to_string(), "02:aa:00:00:01:00");
        assert!("02:aa".parse::<MacAddr>().is_err());
    }
}
