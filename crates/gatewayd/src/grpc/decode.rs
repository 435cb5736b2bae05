//! What requests say.

use api::DecodeError;
use api::proto::objects as messages;
use ipam::{AnyKey, AnyObject, Kind};
use operator::{Caller, OperatorError};
use tonic::Request;

/// Who asks.
pub(super) fn caller<T>(request: &Request<T>) -> Caller {
    let from = request.remote_addr();
    Caller::new(from.map(|from| from.to_string()).unwrap_or_default())
}

/// The kind that a request names.
pub(super) fn kind(number: u32) -> Result<Kind, OperatorError> {
    let kind = api::objects::kind_of_number(number);
    kind.ok_or_else(|| {
        OperatorError::Invalid(format!("this release knows no kind of objects {number}"))
    })
}

/// The object that a request brings.
pub(super) fn object(message: Option<messages::Object>) -> Result<AnyObject, OperatorError> {
    let missing = || OperatorError::Invalid("there is no object".to_owned());
    let message = message.ok_or_else(missing)?;
    message.try_into().map_err(unreadable)
}

/// The key that a request names.
pub(super) fn key(message: Option<messages::Key>) -> Result<AnyKey, OperatorError> {
    let missing = || OperatorError::Invalid("there is no key".to_owned());
    let message = message.ok_or_else(missing)?;
    message.try_into().map_err(unreadable)
}

fn unreadable(error: DecodeError) -> OperatorError {
    OperatorError::Invalid(format!("{:#}", anyhow::Error::from(error)))
}
