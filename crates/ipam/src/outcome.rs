//! What came of a command. A refusal is an outcome, not an error (house rule 3).

use crate::{Refusal, Span};
use core::fmt;
use core::net::Ipv4Addr;

/// What came of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and there is nothing to say about it.
    Done,
    /// An address is held for the client.
    Offered(Offered),
    /// An address is the client's.
    Granted(Granted),
    /// It was not done, and nothing changed.
    Refused(Refusal),
}

/// An offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// `yiaddr`.
    pub address: Ipv4Addr,
    /// Option 51.
    pub lease_time: Span,
    /// Whether the client had this address before (then it is not probed for a conflict, L6).
    pub returning: bool,
}

/// A grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// `yiaddr`.
    pub address: Ipv4Addr,
    /// Option 51.
    pub lease_time: Span,
}

impl Outcome {
    /// Refused for this reason.
    #[must_use]
    pub fn refused(reason: impl Into<Refusal>) -> Self {
        Self::Refused(reason.into())
    }
}

/// As logs have it.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Offered(offered) => write!(f, "offered {}", offered.address),
            Self::Granted(granted) => {
                let seconds = granted.lease_time.as_secs();
                write!(f, "granted {} for {seconds} s", granted.address)
            }
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
        }
    }
}
