//! IPv4 networks and ranges.

use core::fmt;
use core::net::Ipv4Addr;

/// An IPv4 network: an address whose host bits are zero, and a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipv4Network {
    address: Ipv4Addr,
    prefix: u8,
}

/// Both ends included, `first <= last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

/// Why a network or a range cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// IPv4 has 32 bits.
    #[error("prefix length {0}: it must be between 0 and 32")]
    Prefix(u8),
    /// The address is not the network's own.
    #[error("{address}/{prefix} has host bits set: the network's address is {network}")]
    HostBits {
        /// What was given.
        address: Ipv4Addr,
        /// What was given.
        prefix: u8,
        /// What was probably meant.
        network: Ipv4Addr,
    },
    /// The range runs backwards.
    #[error("the range starts at {first}, after its end {last}")]
    Backwards {
        /// What was given.
        first: Ipv4Addr,
        /// What was given.
        last: Ipv4Addr,
    },
}

impl Ipv4Network {
    /// The network `address/prefix`.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Result<Self, InvalidNetwork> {
        if prefix > 32 {
            return Err(InvalidNetwork::Prefix(prefix));
        }
        let network = Self { address, prefix };
        let masked = Ipv4Addr::from_bits(address.to_bits() & network.mask().to_bits());
        if masked != address {
            return Err(InvalidNetwork::HostBits {
                address,
                prefix,
                network: masked,
            });
        }
        Ok(network)
    }

    /// The network's own address (host bits zero).
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        self.address
    }

    /// The prefix length, 0 to 32.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// The subnet mask (option 1).
    #[must_use]
    pub fn mask(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(
            u32::MAX
                .checked_shl(32 - u32::from(self.prefix))
                .unwrap_or(0),
        )
    }

    /// The broadcast address (option 28).
    #[must_use]
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address.to_bits() | !self.mask().to_bits())
    }

    /// Whether `address` lies in this network.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & self.mask().to_bits() == self.address.to_bits()
    }

    /// Whether the two networks share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

impl AddressRange {
    /// The range `first..=last`.
    pub fn new(first: Ipv4Addr, last: Ipv4Addr) -> Result<Self, InvalidNetwork> {
        if first > last {
            return Err(InvalidNetwork::Backwards { first, last });
        }
        Ok(Self { first, last })
    }

    /// The first address.
    #[must_use]
    pub const fn first(self) -> Ipv4Addr {
        self.first
    }

    /// The last address.
    #[must_use]
    pub const fn last(self) -> Ipv4Addr {
        self.last
    }

    /// Whether `address` lies in this range.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        self.first <= address && address <= self.last
    }

    /// How many addresses the range has.
    #[must_use]
    pub fn size(self) -> u64 {
        u64::from(self.last.to_bits()) - u64::from(self.first.to_bits()) + 1
    }

    /// Every address, in order.
    pub fn iter(self) -> impl Iterator<Item = Ipv4Addr> {
        (self.first.to_bits()..=self.last.to_bits()).map(Ipv4Addr::from_bits)
    }
}

impl fmt::Display for Ipv4Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}
