//! How operators write things.

use crate::OperatorError;
use ipam::{ClientKey, Profile, UnknownProfile};
use std::net::Ipv4Addr;

/// A dotted decimal.
pub fn parse_address(text: &str) -> Result<Ipv4Addr, OperatorError> {
    text.parse().map_err(|_| {
        OperatorError::Invalid(format!("address {text:?}: expected one such as 10.15.3.20"))
    })
}

/// A client, as `lease list` prints it or in any common notation.
pub fn parse_client(text: &str) -> Result<ClientKey, OperatorError> {
    text.parse()
        .map_err(|error| OperatorError::Invalid(format!("client {text:?}: {error}")))
}

/// A profile by its name.
pub fn parse_profile(name: &str) -> Result<Profile, OperatorError> {
    name.parse()
        .map_err(|error: UnknownProfile| OperatorError::Invalid(format!("{name:?}: {error}")))
}
