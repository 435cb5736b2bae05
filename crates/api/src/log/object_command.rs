//! What operators ask of objects.

use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use ipam::{Change, ObjectCommand};
use wire::object_command::{Change as WireChange, Delete, Replace};

impl From<&ObjectCommand> for wire::ObjectCommand {
    fn from(command: &ObjectCommand) -> Self {
        let change = match &command.change {
            Change::Create(object) => WireChange::Create(object.into()),
            Change::Replace { object, expected } => WireChange::Replace(Replace {
                object: Some(object.into()),
                expected: *expected,
            }),
            Change::Delete { key, expected } => WireChange::Delete(Delete {
                key: Some(key.into()),
                expected: *expected,
            }),
        };
        Self {
            operator: Some((&command.operator).into()),
            force: command.force,
            change: Some(change),
        }
    }
}

impl TryFrom<wire::ObjectCommand> for ObjectCommand {
    type Error = DecodeError;

    fn try_from(message: wire::ObjectCommand) -> Result<Self, DecodeError> {
        let change = match required("ObjectCommand.change", message.change)? {
            WireChange::Create(object) => Change::Create(object.try_into()?),
            WireChange::Replace(replace) => Change::Replace {
                object: required("Replace.object", replace.object)?.try_into()?,
                expected: replace.expected,
            },
            WireChange::Delete(delete) => Change::Delete {
                key: required("Delete.key", delete.key)?.try_into()?,
                expected: delete.expected,
            },
        };
        Ok(Self {
            operator: required("ObjectCommand.operator", message.operator)?.into(),
            change,
            force: message.force,
        })
    }
}
