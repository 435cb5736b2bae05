//! Why a message is not what it claims to be.

use api::DecodeError;
use openraft::errors::MembershipError;

/// A message that is not an encoding of ours.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Not protobuf, or cut short.
    #[error("decoding {what}: the bytes are not a protobuf message of that type")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What prost says.
        source: prost::DecodeError,
    },
    /// More than a node has, or less than it writes.
    #[error("it is nothing that a node made: {0}")]
    Shape(#[from] api::shape::Misshapen),
    /// A field that is always written is not there, or a newer release wrote a kind that this one
    /// does not know.
    #[error("{0} is missing, or of a kind that this release does not know")]
    Missing(&'static str),
    /// One node twice.
    #[error("the membership names node {0} twice")]
    DuplicateNode(u64),
    /// A key that cannot be one.
    #[error("the membership has a key for node {0} that is not of 32 bytes")]
    KeyLength(u64),
    /// Members that cannot be.
    #[error("the membership contradicts itself")]
    Membership(#[from] MembershipError<u64>),
    /// A batch or a state.
    #[error("the commands or the state in it are damaged")]
    Command(#[from] DecodeError),
}

/// A message field that is always written.
pub(crate) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, CodecError> {
    value.ok_or(CodecError::Missing(field))
}
