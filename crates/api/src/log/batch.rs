//! A batch of commands: one log entry's worth.

use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use ipam::{Batch, ClusterTime, Command, RequestId, RequestedCommand, Stamp};
use prost::Message;
use wire::command::Class;

/// A batch as bytes. Equal batches are equal bytes.
#[must_use]
pub fn encode_batch(batch: &Batch) -> Vec<u8> {
    wire::Batch::from(batch).encode_to_vec()
}

/// A batch from bytes that anybody may have written.
pub fn decode_batch(bytes: &[u8]) -> Result<Batch, DecodeError> {
    let what = "a batch";
    let message = wire::Batch::decode(bytes);
    message
        .map_err(|source| DecodeError::Malformed { what, source })?
        .try_into()
}

impl From<&Batch> for wire::Batch {
    fn from(batch: &Batch) -> Self {
        Self {
            stamp: batch.stamp.map(|stamp| wire::Stamp {
                term: stamp.term,
                time_ms: stamp.time.0,
            }),
            commands: batch.commands.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<wire::Batch> for Batch {
    type Error = DecodeError;

    fn try_from(message: wire::Batch) -> Result<Self, DecodeError> {
        let commands = message.commands.into_iter().map(TryInto::try_into);
        Ok(Self {
            stamp: message.stamp.map(|stamp| Stamp {
                term: stamp.term,
                time: ClusterTime(stamp.time_ms),
            }),
            commands: commands.collect::<Result<_, _>>()?,
        })
    }
}

impl From<&RequestedCommand> for wire::Command {
    fn from(requested: &RequestedCommand) -> Self {
        let class = match &requested.command {
            Command::Lease(command) => Class::Lease(command.into()),
            Command::Object(command) => Class::Object(command.into()),
            Command::Cluster(command) => Class::Cluster(command.into()),
        };
        Self {
            class: Some(class),
            request: requested.request.0,
        }
    }
}

impl TryFrom<wire::Command> for RequestedCommand {
    type Error = DecodeError;

    fn try_from(message: wire::Command) -> Result<Self, DecodeError> {
        let command = match required("Command.class", message.class)? {
            Class::Lease(command) => Command::Lease(command.try_into()?),
            Class::Object(command) => Command::Object(command.try_into()?),
            Class::Cluster(command) => Command::Cluster(command.try_into()?),
        };
        Ok(command.of(RequestId(message.request)))
    }
}
