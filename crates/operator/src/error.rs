//! Why an operator's request was not carried out.

use cluster::{MembershipError, ProposeError};
use ipam::{AddressRefusal, ClusterRefusal, ObjectRefusal, Refusal};

/// Why an operator's request was not carried out. Each text names the cause, and the remedy where there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// It cannot be understood: nothing was tried.
    #[error("{0}")]
    Invalid(String),
    /// It is about something that is not there: nothing was tried.
    #[error("{0}")]
    NotFound(String),
    /// A node refuses it as things are now: this one, the leader, or one that was to be added.
    #[error("{0}")]
    Refused(String),
    /// The state machine refuses it: the refusal is committed.
    #[error("{0}")]
    Rejected(Refusal),
    /// Certainly not done; later it may be.
    #[error("{0}")]
    Unavailable(String),
    /// One of several steps failed; what was done before it stays done.
    #[error("{0}")]
    Incomplete(String),
    /// It may or may not have been done: look before it is repeated. The text says why nobody knows.
    #[error("{0}")]
    Unknown(String),
}

/// What an error comes to, for whoever decides by it: a transport's code, an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be understood.
    Invalid,
    /// It is about something that is not there.
    NotFound,
    /// What it would make is there already.
    Exists,
    /// It is refused as things are now.
    Refused,
    /// Certainly not done; later it may be.
    Unavailable,
    /// Done in part.
    Incomplete,
    /// It may or may not have been done.
    Unknown,
}

impl OperatorError {
    /// What it comes to.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Refused(_) => ErrorKind::Refused,
            Self::Rejected(refusal) => rejected(refusal),
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Incomplete(_) => ErrorKind::Incomplete,
            Self::Unknown(_) => ErrorKind::Unknown,
        }
    }
}

const fn rejected(refusal: &Refusal) -> ErrorKind {
    match refusal {
        Refusal::Object(ObjectRefusal::NotFound(_) | ObjectRefusal::UnknownSubnet(_))
        | Refusal::Cluster(ClusterRefusal::NoLease(_) | ClusterRefusal::UnknownSubnet(_)) => {
            ErrorKind::NotFound
        }
        Refusal::Object(
            ObjectRefusal::Exists(_)
            | ObjectRefusal::Address(AddressRefusal::ReservedForAnother { .. }),
        ) => ErrorKind::Exists,
        _ => ErrorKind::Refused,
    }
}

impl From<ProposeError> for OperatorError {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Unavailable(reason) => Self::Unavailable(reason),
            ProposeError::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl From<MembershipError> for OperatorError {
    fn from(error: MembershipError) -> Self {
        let text = error.to_string();
        match error {
            MembershipError::Unknown(_) => Self::Unknown(text),
            MembershipError::NotDone(_) => Self::Incomplete(text),
            MembershipError::NoLeader => Self::Unavailable(text),
            MembershipError::NotLeader { .. }
            | MembershipError::Rejected(_)
            | MembershipError::Unreachable { .. } => Self::Refused(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_what_was_not_proposed_is_not_a_refusal_of_the_cluster() {
        let reason = || "there is no leader".to_owned();
        let kind = |error: OperatorError| error.kind();
        let unavailable = ProposeError::Unavailable(reason());
        assert_eq!(kind(unavailable.into()), ErrorKind::Unavailable);
        let unknown = ProposeError::Unknown(reason());
        assert_eq!(kind(unknown.into()), ErrorKind::Unknown);
        let no_leader = MembershipError::NoLeader;
        assert_eq!(kind(no_leader.into()), ErrorKind::Unavailable);
        let not_done = MembershipError::NotDone(reason());
        assert_eq!(kind(not_done.into()), ErrorKind::Incomplete);
        let unknown = MembershipError::Unknown(reason());
        assert_eq!(kind(unknown.into()), ErrorKind::Unknown);
    }
}
