//! Why the membership did not change, or is not known to have.

use crate::propose::ProposeError;
use crate::transport::{ConnectError, explain};
use ipam::NodeId;
use std::time::Duration;

/// Why the membership did not change, or is not known to have. Each says what was not done and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// Only the leader changes the membership.
    #[error("node {leader} at {address} is the leader: ask it")]
    NotLeader {
        /// Who is.
        leader: NodeId,
        /// Where.
        address: String,
    },
    /// There is nobody to ask.
    #[error("there is no leader: wait until a quorum of the members is up")]
    NoLeader,
    /// Asking again will not help before something else has changed.
    #[error("{0}")]
    Rejected(String),
    /// Nobody answers there.
    #[error(
        "{address} does not answer ({reason}): check that gatewayd runs there, that the address is \
         right, and that both have TLS or neither has"
    )]
    Unreachable {
        /// Where.
        address: String,
        /// Why, as far as it is known.
        reason: String,
    },
    /// It was certainly not done, or not to its end. Asking again may help.
    #[error("{0}")]
    NotDone(String),
    /// It may have been done, or may still be (house rule 5).
    #[error("{0}")]
    Unknown(String),
}

impl MembershipError {
    /// Nothing came within `limit`.
    pub(crate) fn silent(address: &str, limit: Duration) -> Self {
        Self::Unreachable {
            address: address.to_owned(),
            reason: format!("nothing came within {limit:?}"),
        }
    }

    /// The request failed as `status` says.
    pub(crate) fn unreachable(address: &str, status: &tonic::Status) -> Self {
        Self::Unreachable {
            address: address.to_owned(),
            reason: explain(status),
        }
    }

    /// A command has no outcome, for the reason that `say` makes a sentence of.
    pub(super) fn of_command(
        error: &ProposeError,
        say: impl FnOnce(&ProposeError) -> String,
    ) -> Self {
        let said = say(error);
        match error {
            ProposeError::Unavailable(_) => Self::NotDone(said),
            ProposeError::Unknown(_) => Self::Unknown(said),
        }
    }
}

impl From<ConnectError> for MembershipError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NotAnAddress(_) => Self::Rejected(error.to_string()),
            ConnectError::Tls { .. } => Self::NotDone(error.to_string()),
        }
    }
}
