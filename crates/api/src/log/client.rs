//! What a client's packet says of who it is.

use crate::DecodeError;
use crate::field::required;
use crate::objects::length;
use crate::proto::log as wire;
use ipam::{ClientIdentifier, ClientIdentity};

impl From<&ClientIdentity> for wire::ClientIdentity {
    fn from(client: &ClientIdentity) -> Self {
        Self {
            hardware: Some((&client.hardware).into()),
            identifier: client.identifier.as_ref().map(|id| id.bytes().to_vec()),
        }
    }
}

impl TryFrom<wire::ClientIdentity> for ClientIdentity {
    type Error = DecodeError;

    fn try_from(message: wire::ClientIdentity) -> Result<Self, DecodeError> {
        let hardware = required("ClientIdentity.hardware", message.hardware)?;
        let identifier = message.identifier.as_deref().map(ClientIdentifier::new);
        Ok(Self {
            hardware: hardware.try_into()?,
            identifier: identifier
                .transpose()
                .map_err(length("ClientIdentity.identifier"))?,
        })
    }
}
