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
    use ipam::{
        AddressRefusal, AnyKey, ClientKey, ClusterRefusal, HardwareAddress, ObjectRefusal, Refusal,
        SubnetId,
    };
    use tonic::Code;

    /// gatewayctl's exit status follows from the code.
    #[test]
    fn status_of_each_kind_has_a_code_of_its_own() {
        let text = || "why".to_owned();
        let gone = Refusal::Object(ObjectRefusal::NotFound(AnyKey::SubnetConfig(SubnetId(9))));
        let taken = AddressRefusal::ReservedForAnother {
            address: [10, 15, 3, 20].into(),
            client: ClientKey::Hardware(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1])),
        };
        let taken = Refusal::Object(ObjectRefusal::Address(taken));
        let nobody = Refusal::Cluster(ClusterRefusal::NoLease([192, 0, 2, 1].into()));
        for (error, code) in [
            (OperatorError::Invalid(text()), Code::InvalidArgument),
            (OperatorError::NotFound(text()), Code::NotFound),
            (OperatorError::Rejected(nobody), Code::NotFound),
            (OperatorError::Rejected(gone), Code::NotFound),
            (OperatorError::Rejected(taken), Code::AlreadyExists),
            (OperatorError::Refused(text()), Code::FailedPrecondition),
            (OperatorError::Unavailable(text()), Code::Unavailable),
            (OperatorError::Incomplete(text()), Code::Aborted),
            (OperatorError::Unknown(text()), Code::Unknown),
        ] {
            assert_eq!(status(&error).code(), code, "{error:?}");
        }
    }
}
