//! Why bytes are not what they claim to be.

use ipam::{InvalidLength, InvalidNetwork, InvalidState};

/// Bytes that are not an encoding of ours.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not protobuf, or cut short.
    #[error("decoding {what}: the bytes are not a protobuf message of that type")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What prost says.
        source: prost::DecodeError,
    },
    /// A field that is always written is not there, or a newer release wrote a kind that this one
    /// does not know.
    #[error("{0} is missing, or of a kind that this release does not know")]
    Missing(&'static str),
    /// An enum value that this release does not know.
    #[error("{field} has the unknown value {value}")]
    UnknownEnum {
        /// Which field.
        field: &'static str,
        /// What was found.
        value: i32,
    },
    /// A number that its type cannot hold.
    #[error("{field} is {value}: it must be at most {limit}")]
    OutOfRange {
        /// Which field.
        field: &'static str,
        /// What was found.
        value: u64,
        /// What it may be.
        limit: u64,
    },
    /// Bytes of a length that their type cannot have.
    #[error("{field} has an impossible length")]
    Length {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        source: InvalidLength,
    },
    /// Bytes that must have exactly one length.
    #[error("{field} has {length} bytes: it must have {expected}")]
    FixedLength {
        /// Which field.
        field: &'static str,
        /// What was found.
        length: usize,
        /// What it must be.
        expected: usize,
    },
    /// A network or a range that cannot be.
    #[error("{field} cannot be")]
    Network {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        source: InvalidNetwork,
    },
    /// A list that must be in strictly ascending order of its key.
    #[error("{0} is not in ascending order")]
    Order(&'static str),
    /// Records that no state can be made of.
    #[error("the records do not make a state")]
    State(#[from] InvalidState),
}
