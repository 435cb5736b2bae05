//! What operators agree on as messages: each kind has a file with its conversions, and nothing else.

mod client;

use crate::DecodeError;
use crate::field::required;
use crate::proto::objects as wire;
use crate::shape::Field;
use ipam::{AnyKey, AnyObject, Revision, Stored};

pub(crate) use client::{hostname, hostname_bytes, length};

/// `module::Type = NUMBER;` for each kind: the messages are named after the types.
macro_rules! convert {
    ($($module:ident::$object:ident = $number:literal;)*) => {
        $(mod $module;)*

        impl From<&AnyObject> for wire::Object {
            fn from(object: &AnyObject) -> Self {
                use wire::object::Kind;
                let kind = match object {
                    $(AnyObject::$object(object) => Kind::$object(object.into()),)*
                };
                Self { kind: Some(kind) }
            }
        }

        impl TryFrom<wire::Object> for AnyObject {
            type Error = DecodeError;

            fn try_from(message: wire::Object) -> Result<Self, DecodeError> {
                use wire::object::Kind;
                Ok(match required("Object.kind", message.kind)? {
                    $(Kind::$object(message) => Self::$object(message.try_into()?),)*
                })
            }
        }

        impl From<&AnyKey> for wire::Key {
            fn from(key: &AnyKey) -> Self {
                use wire::key::Kind;
                let kind = match key {
                    $(AnyKey::$object(key) => Kind::$object(key.into()),)*
                };
                Self { kind: Some(kind) }
            }
        }

        impl TryFrom<wire::Key> for AnyKey {
            type Error = DecodeError;

            fn try_from(message: wire::Key) -> Result<Self, DecodeError> {
                use wire::key::Kind;
                Ok(match required("Key.kind", message.kind)? {
                    $(Kind::$object(message) => Self::$object(message.try_into()?),)*
                })
            }
        }

        /// What repeats in an object of any kind (see [`shape`](crate::shape)).
        pub const OBJECT: &[Field] = &[$(Field::single($number, $module::LISTS),)*];

        /// The kind of this number.
        #[must_use]
        pub const fn kind_of_number(number: u32) -> Option<ipam::Kind> {
            match number {
                $($number => Some(ipam::Kind::$object),)*
                _ => None,
            }
        }
    };
}

ipam::for_each_kind!(convert);

pub use subnet::SUBNET_CONFIG;

impl From<&Stored<AnyObject>> for wire::StoredObject {
    fn from(stored: &Stored<AnyObject>) -> Self {
        Self {
            object: Some((&stored.object).into()),
            created: stored.revision.created,
            changed: stored.revision.changed,
        }
    }
}

impl TryFrom<wire::StoredObject> for Stored<AnyObject> {
    type Error = DecodeError;

    fn try_from(message: wire::StoredObject) -> Result<Self, DecodeError> {
        Ok(Self {
            object: required("StoredObject.object", message.object)?.try_into()?,
            revision: Revision {
                created: message.created,
                changed: message.changed,
            },
        })
    }
}
