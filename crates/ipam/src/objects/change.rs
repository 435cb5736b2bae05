//! A change of an object, and who asked for it.

use super::{AnyKey, AnyObject, Kind};
use crate::NodeId;
use alloc::string::String;
use core::fmt;

/// What an operator asks of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCommand {
    /// Who asks.
    pub operator: Operator,
    /// What is to become of which object.
    pub change: Change,
    /// Whether the operator means it where that can make sense.
    pub force: bool,
}

/// What is to become of which object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Make it. One that is there already, and the same, is success: whoever was not told of the
    /// outcome asks again.
    Create(AnyObject),
    /// Put it in the place of the one with its key.
    Replace {
        /// What it shall be.
        object: AnyObject,
        /// The revision that the change is meant for; `None`: whatever it is now.
        expected: Option<u64>,
    },
    /// Remove it.
    Delete {
        /// Which.
        key: AnyKey,
        /// The revision that the change is meant for; `None`: whatever it is now.
        expected: Option<u64>,
    },
}

/// An operator, as the node that was asked knows one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// The node that was asked.
    pub node: NodeId,
    /// From where, as that node saw it; at most [`MAX_ORIGIN_BYTES`](crate::budget::MAX_ORIGIN_BYTES).
    pub from: String,
}

impl Change {
    /// Which object it is about.
    #[must_use]
    pub fn key(&self) -> AnyKey {
        match self {
            Self::Create(object) | Self::Replace { object, .. } => object.key(),
            Self::Delete { key, .. } => key.clone(),
        }
    }

    /// The change as this operator's command.
    #[must_use]
    pub const fn by(self, operator: Operator) -> ObjectCommand {
        ObjectCommand {
            operator,
            change: self,
            force: false,
        }
    }

    /// The kind of the object that it is about.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Create(object) | Self::Replace { object, .. } => object.kind(),
            Self::Delete { key, .. } => key.kind(),
        }
    }

    /// What the object shall be; `None` if it shall go.
    #[must_use]
    pub const fn object(&self) -> Option<&AnyObject> {
        match self {
            Self::Create(object) | Self::Replace { object, .. } => Some(object),
            Self::Delete { .. } => None,
        }
    }

    /// No fewer bytes than it takes, beside a few fixed fields.
    #[must_use]
    pub fn size_bound(&self) -> usize {
        // The longest key is a client's name: see `budget::FIXED_BYTES` for the others.
        self.object()
            .map_or(LONGEST_KEY_BYTES, AnyObject::size_bound)
    }
}

/// A client identifier is the longest part of any key.
const LONGEST_KEY_BYTES: usize = crate::ClientIdentifier::MAX_BYTES;

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an operator at {}, through node {}",
            self.from, self.node
        )
    }
}
