//! One address and what is known of it.

use crate::{ClientKey, ClusterTime, HardwareAddress, InvalidLength, NodeId, Span};
use alloc::vec::Vec;

/// What the lease table knows of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it, was offered it, held it last, or declined it.
    pub client: ClientKey,
    /// The hardware address of that client, whatever name it goes by.
    pub hardware: HardwareAddress,
    /// Option 12 as the client sent it.
    pub hostname: Option<Hostname>,
    /// The node that answered last.
    pub node: NodeId,
    /// Where in its life the lease is.
    pub state: LeaseState,
}

/// Where in its life a lease is. Times are on the cluster clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// Held for the client for a short while after a DHCPOFFER.
    Offered {
        /// When the offer lapses.
        until: ClusterTime,
        /// Whether the client had the address before: then it is remembered when the offer lapses (L5).
        returning: bool,
    },
    /// Granted: the client may use the address.
    Bound {
        /// When the grant was stamped.
        granted: ClusterTime,
        /// How long it runs; what option 51 said.
        duration: Span,
        /// When the address may be given to somebody else: the expiry plus the reclaim grace (T4).
        reclaim: ClusterTime,
    },
    /// Given back by its holder. Free; the holder is remembered (L5).
    Released {
        /// When.
        at: ClusterTime,
    },
    /// Ran out, reclaim grace included, or was offered to its last holder again and not taken. Free; the
    /// holder is remembered (L5).
    Expired {
        /// When.
        at: ClusterTime,
    },
    /// Found in use by somebody unknown: given to nobody for a while (S7).
    Quarantined {
        /// When it may be used again.
        until: ClusterTime,
    },
}

/// A host name of at most 63 bytes (one DNS label, RFC 1035 §2.3.4) or a dotted name of at most
/// 255, as the client sent it. It is data for people: nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hostname(Vec<u8>);

impl Lease {
    /// Whether an operator means the client of this lease: by its own name or, as with a
    /// reservation, by the hardware address of the machine, whatever name it goes by.
    pub(crate) fn is_of(&self, client: &ClientKey) -> bool {
        match client {
            ClientKey::Hardware(hardware) => self.hardware == *hardware,
            ClientKey::Identifier(_) => self.client == *client,
        }
    }
}

impl Hostname {
    /// An option's payload has at most 255 bytes (RFC 2132 §2).
    pub const MAX_BYTES: usize = 255;

    /// A host name of 1 to 255 printable ASCII bytes; other bytes are replaced by `?`, because
    /// the name is shown on terminals and in logs.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidLength> {
        let printable = |byte: &u8| if byte.is_ascii_graphic() { *byte } else { b'?' };
        InvalidLength::check("a host name", bytes, Self::MAX_BYTES)?;
        Ok(Self(bytes.iter().map(printable).collect()))
    }

    /// The name: printable ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("")
    }
}

impl LeaseState {
    /// Whether some client may be using, or about to use, the address.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        matches!(self, Self::Offered { .. } | Self::Bound { .. })
    }

    /// Whether it is granted.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        matches!(self, Self::Bound { .. })
    }

    /// Whether the address may be given to somebody else.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        matches!(self, Self::Released { .. } | Self::Expired { .. })
    }

    /// When the cluster clock has to do something about it.
    #[must_use]
    pub const fn deadline(&self) -> Option<ClusterTime> {
        match self {
            Self::Offered { until, .. } | Self::Quarantined { until } => Some(*until),
            Self::Bound { reclaim, .. } => Some(*reclaim),
            Self::Released { .. } | Self::Expired { .. } => None,
        }
    }
}
