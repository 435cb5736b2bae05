//! Why a request failed.

use std::error::Error;
use tonic::Status;

/// The first cause, such as the certificate that a peer does not accept; the message of a peer that
/// answered.
pub(crate) fn explain(status: &Status) -> String {
    let mut cause = status.source();
    let mut said = status.message().to_owned();
    while let Some(error) = cause {
        said = error.to_string();
        cause = error.source();
    }
    said
}
