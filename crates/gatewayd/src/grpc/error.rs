//! Why a request was not carried out, as a gRPC status.

use operator::{ErrorKind, OperatorError};
use tonic::Status;

/// `UNAVAILABLE` is this node's word that nothing was proposed (gatewayctl ends with 3, not with 1: the
/// cluster has refused nothing).
pub(super) fn status(error: &OperatorError) -> Status {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::Invalid => Status::invalid_argument(text),
        ErrorKind::NotFound => Status::not_found(text),
        ErrorKind::Exists => Status::already_exists(text),
        ErrorKind::Refused => Status::failed_precondition(text),
        ErrorKind::Unavailable => Status::unavailable(text),
        ErrorKind::Incomplete => Status::aborted(text),
        ErrorKind::Unknown => Status::unknown(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    #[test]
    fn status_of_what_is_not_known_is_no_refusal() {
        let reason = || "there is no leader".to_owned();
        let code = |error: OperatorError| status(&error).code();
        assert_eq!(
            code(OperatorError::Unavailable(reason())),
            Code::Unavailable
        );
        assert_eq!(code(OperatorError::Unknown(reason())), Code::Unknown);
        assert_eq!(code(OperatorError::Incomplete(reason())), Code::Aborted);
    }
}
