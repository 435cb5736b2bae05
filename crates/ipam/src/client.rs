//! Who a DHCP client is (lease contract, "client"; RFC 2131 §4.2; RFC 6842).

use alloc::vec::Vec;
use core::fmt;

/// A hardware address as `htype` and `chaddr` carry it (RFC 2131 §2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareAddress {
    htype: u8,
    bytes: Vec<u8>,
}

/// The payload of option 61 (RFC 2132 §9.14).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientIdentifier(Vec<u8>);

/// What a client's packet says about who it is: both names, before a policy picks one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientIdentity {
    /// From `htype`, `hlen` and `chaddr`.
    pub hardware: HardwareAddress,
    /// From option 61, when the client sent one.
    pub identifier: Option<ClientIdentifier>,
}

/// The name under which the lease table knows a client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientKey {
    /// The hardware address: the default, because cloned VMs share their client identifier.
    Hardware(HardwareAddress),
    /// The client identifier, where the subnet's policy says so.
    Identifier(ClientIdentifier),
}

/// Which of a client's names a subnet goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdentityPolicy {
    /// The hardware address alone.
    #[default]
    HardwareAddress,
    /// Option 61, falling back to the hardware address when the client sent none.
    ClientIdentifier,
}

/// A name is empty, or longer than its field on the wire can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} of {length} bytes: it must have between 1 and {limit}")]
pub struct InvalidLength {
    what: &'static str,
    length: usize,
    limit: usize,
}

impl HardwareAddress {
    /// `chaddr` has 16 octets (RFC 2131 §2).
    pub const MAX_BYTES: usize = 16;
    /// Ethernet's `htype` (RFC 1700).
    pub const ETHERNET: u8 = 1;

    /// A hardware address of `htype` with 1 to 16 bytes.
    pub fn new(htype: u8, bytes: &[u8]) -> Result<Self, InvalidLength> {
        InvalidLength::check("a hardware address", bytes, Self::MAX_BYTES)?;
        Ok(Self {
            htype,
            bytes: bytes.to_vec(),
        })
    }

    /// An Ethernet address.
    #[must_use]
    pub fn ethernet(bytes: [u8; 6]) -> Self {
        Self {
            htype: Self::ETHERNET,
            bytes: bytes.to_vec(),
        }
    }

    /// The hardware type.
    #[must_use]
    pub const fn htype(&self) -> u8 {
        self.htype
    }

    /// The address itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl ClientIdentifier {
    /// An option's payload has at most 255 bytes (RFC 2132 §2).
    pub const MAX_BYTES: usize = 255;

    /// A client identifier of 1 to 255 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidLength> {
        InvalidLength::check("a client identifier", bytes, Self::MAX_BYTES)?;
        Ok(Self(bytes.to_vec()))
    }

    /// The payload.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl IdentityPolicy {
    /// The name under which this policy knows the client.
    #[must_use]
    pub fn key(self, identity: &ClientIdentity) -> ClientKey {
        match (self, &identity.identifier) {
            (Self::ClientIdentifier, Some(identifier)) => ClientKey::Identifier(identifier.clone()),
            _ => ClientKey::Hardware(identity.hardware.clone()),
        }
    }

    /// Whether a client can be meant by this name: where clients go by their hardware address,
    /// nobody has an identifier.
    pub(crate) const fn uses(self, client: &ClientKey) -> bool {
        match self {
            Self::HardwareAddress => matches!(client, ClientKey::Hardware(_)),
            Self::ClientIdentifier => true,
        }
    }
}

impl InvalidLength {
    pub(crate) fn check(what: &'static str, bytes: &[u8], limit: usize) -> Result<(), Self> {
        let length = bytes.len();
        if length == 0 || length > limit {
            return Err(Self {
                what,
                length,
                limit,
            });
        }
        Ok(())
    }
}

impl fmt::Display for HardwareAddress {
    /// `02:aa:00:00:00:01`; a type other than Ethernet is put before it: `[6]02:aa:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.htype != Self::ETHERNET {
            write!(f, "[{}]", self.htype)?;
        }
        write_hex(f, &self.bytes)
    }
}

impl fmt::Display for ClientKey {
    /// `02:aa:00:00:00:01`, or `id:ff:00:…` for a client identifier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardware(hardware) => hardware.fmt(f),
            Self::Identifier(identifier) => {
                f.write_str("id:")?;
                write_hex(f, &identifier.0)
            }
        }
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for (position, byte) in bytes.iter().enumerate() {
        if position > 0 {
            f.write_str(":")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}
