//! Who a client is.

use crate::DecodeError;
use crate::field::{required, small};
use crate::proto::objects as wire;
use ipam::{ClientIdentifier, ClientKey, HardwareAddress, Hostname, IdentityPolicy, InvalidLength};

impl From<&HardwareAddress> for wire::HardwareAddress {
    fn from(hardware: &HardwareAddress) -> Self {
        Self {
            htype: u32::from(hardware.htype()),
            address: hardware.bytes().to_vec(),
        }
    }
}

impl TryFrom<wire::HardwareAddress> for HardwareAddress {
    type Error = DecodeError;

    fn try_from(message: wire::HardwareAddress) -> Result<Self, DecodeError> {
        let htype = small("HardwareAddress.htype", message.htype)?;
        Self::new(htype, &message.address).map_err(length("HardwareAddress.address"))
    }
}

impl From<&ClientKey> for wire::ClientKey {
    fn from(client: &ClientKey) -> Self {
        use wire::client_key::Key;
        let key = match client {
            ClientKey::Hardware(hardware) => Key::Hardware(hardware.into()),
            ClientKey::Identifier(identifier) => Key::Identifier(identifier.bytes().to_vec()),
        };
        Self { key: Some(key) }
    }
}

impl TryFrom<wire::ClientKey> for ClientKey {
    type Error = DecodeError;

    fn try_from(message: wire::ClientKey) -> Result<Self, DecodeError> {
        use wire::client_key::Key;
        match required("ClientKey.key", message.key)? {
            Key::Hardware(hardware) => Ok(Self::Hardware(hardware.try_into()?)),
            Key::Identifier(bytes) => ClientIdentifier::new(&bytes)
                .map(Self::Identifier)
                .map_err(length("ClientKey.identifier")),
        }
    }
}

impl From<IdentityPolicy> for wire::IdentityPolicy {
    fn from(policy: IdentityPolicy) -> Self {
        match policy {
            IdentityPolicy::HardwareAddress => Self::HardwareAddress,
            IdentityPolicy::ClientIdentifier => Self::ClientIdentifier,
        }
    }
}

impl TryFrom<wire::IdentityPolicy> for IdentityPolicy {
    type Error = DecodeError;

    fn try_from(message: wire::IdentityPolicy) -> Result<Self, DecodeError> {
        match message {
            wire::IdentityPolicy::Unspecified => Err(DecodeError::Missing("IdentityPolicy")),
            wire::IdentityPolicy::HardwareAddress => Ok(Self::HardwareAddress),
            wire::IdentityPolicy::ClientIdentifier => Ok(Self::ClientIdentifier),
        }
    }
}

/// A host name's bytes.
pub(crate) fn hostname_bytes(hostname: Option<&Hostname>) -> Option<Vec<u8>> {
    hostname.map(|name| name.as_str().as_bytes().to_vec())
}

/// A host name, if there is one.
pub(crate) fn hostname(
    field: &'static str,
    bytes: Option<&[u8]>,
) -> Result<Option<Hostname>, DecodeError> {
    bytes.map(Hostname::new).transpose().map_err(length(field))
}

pub(crate) fn length(field: &'static str) -> impl Fn(InvalidLength) -> DecodeError {
    move |source| DecodeError::Length { field, source }
}
