//! How large each call may be, and how often a field may repeat in it, before it is decoded.
//!
//! A field of two bytes decodes to a struct of hundreds: 4 MiB of empty entries were 200 MB and more. So the
//! bytes are walked first, and what no honest peer sends is refused. Pure.

use crate::limits::{MAX_MESSAGE_BYTES, MAX_SMALL_MESSAGE_BYTES};
use crate::peer_server::bounds::MAX_MEMBERS;
use ipam::budget::MAX_BATCH_COMMANDS;

/// Entries in one append; peers of ours send 300 at most.
const MAX_ENTRIES: usize = 1024;
/// Members in one message: old and new ones, in each of its memberships.
const MAX_NODES: usize = 4 * MAX_MEMBERS;

/// What one call may be.
pub(super) struct Shape {
    /// Its bytes.
    pub(super) bytes: usize,
    fields: &'static [Repeated],
}

/// A field with a message in it, and how often it may occur in the whole call.
struct Repeated {
    number: u64,
    most: usize,
    within: &'static [Repeated],
}

/// Why bytes are refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misshapen {
    /// They are no protobuf.
    #[error("the message cannot be read")]
    Unreadable,
    /// Too much of one thing.
    #[error("field {number} occurs more than {most} times")]
    TooMany {
        /// Which field.
        number: u64,
        /// How often it may.
        most: usize,
    },
}

const fn leaf(number: u64, most: usize) -> Repeated {
    Repeated {
        number,
        most,
        within: &[],
    }
}

const MEMBERSHIP: &[Repeated] = &[leaf(1, MAX_NODES), leaf(2, MAX_NODES)];
const COMMANDS: usize = MAX_ENTRIES * MAX_BATCH_COMMANDS / 4;
const BATCH: &[Repeated] = &[leaf(2, COMMANDS)];
const ENTRY: &[Repeated] = &[
    Repeated {
        number: 3,
        most: MAX_ENTRIES,
        within: BATCH,
    },
    Repeated {
        number: 4,
        most: MAX_ENTRIES,
        within: MEMBERSHIP,
    },
];
const APPEND: Shape = Shape {
    bytes: MAX_MESSAGE_BYTES,
    fields: &[Repeated {
        number: 3,
        most: MAX_ENTRIES,
        within: ENTRY,
    }],
};
const PROPOSE: Shape = Shape {
    bytes: MAX_MESSAGE_BYTES,
    fields: &[leaf(1, MAX_BATCH_COMMANDS)],
};
const SMALL: Shape = Shape {
    bytes: MAX_SMALL_MESSAGE_BYTES,
    fields: &[],
};

/// What the call by this path may be.
pub(super) fn of(path: &str) -> &'static Shape {
    match path.rsplit('/').next() {
        Some("Append") => &APPEND,
        Some("Propose") => &PROPOSE,
        _ => &SMALL,
    }
}

impl Shape {
    /// Walks a message that has not been decoded.
    pub(super) fn check(&self, message: &[u8]) -> Result<(), Misshapen> {
        walk(message, &mut Counted::of(self.fields))
    }
}

/// What has occurred so far: the same field in two parents counts twice.
struct Counted {
    field: &'static Repeated,
    so_far: usize,
    within: Vec<Counted>,
}

impl Counted {
    fn of(fields: &'static [Repeated]) -> Vec<Self> {
        let count = |field: &'static Repeated| Self {
            field,
            so_far: 0,
            within: Self::of(field.within),
        };
        fields.iter().map(count).collect()
    }
}

fn walk(mut message: &[u8], counted: &mut [Counted]) -> Result<(), Misshapen> {
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let (number, kind) = (tag >> 3, tag & 7);
        let length = match kind {
            0 => {
                varint(&mut message)?;
                0
            }
            1 => 8,
            2 => varint(&mut message)?,
            5 => 4,
            // Groups are not used.
            _ => return Err(Misshapen::Unreadable),
        };
        let length = usize::try_from(length).map_err(|_| Misshapen::Unreadable)?;
        let parts = message.split_at_checked(length);
        let (content, rest) = parts.ok_or(Misshapen::Unreadable)?;
        message = rest;
        let Some(one) = counted.iter_mut().find(|one| one.field.number == number) else {
            continue;
        };
        one.so_far += 1;
        if one.so_far > one.field.most {
            let (number, most) = (number, one.field.most);
            return Err(Misshapen::TooMany { number, most });
        }
        if kind == 2 && !one.within.is_empty() {
            walk(content, &mut one.within)?;
        }
    }
    Ok(())
}

pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, Misshapen> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(Misshapen::Unreadable)?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Misshapen::Unreadable)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use api::proto::command::Command;
    use api::proto::raft as wire;
    use prost::Message;

    fn entry(payload: wire::entry::Payload) -> wire::Entry {
        wire::Entry {
            log_id: None,
            payload: Some(payload),
        }
    }

    fn append(entries: Vec<wire::Entry>) -> Vec<u8> {
        let request = wire::AppendEntriesRequest {
            entries,
            ..wire::AppendEntriesRequest::default()
        };
        request.encode_to_vec()
    }

    #[test]
    fn what_decodes_large_is_refused_before() {
        let entries = |count| append(vec![wire::Entry::default(); count]);
        let refused = |most, number| Err(Misshapen::TooMany { number, most });
        assert_eq!(of("/x/Append").check(&entries(MAX_ENTRIES)), Ok(()));
        assert_eq!(
            of("/x/Append").check(&entries(1 << 21)),
            refused(MAX_ENTRIES, 3)
        );
        let batch = |commands| {
            entry(wire::entry::Payload::Batch(api::proto::command::Batch {
                commands: vec![Command::default(); commands],
                ..Default::default()
            }))
        };
        let full = append(vec![batch(MAX_BATCH_COMMANDS); MAX_ENTRIES / 4]);
        assert_eq!(of("/x/Append").check(&full), Ok(()));
        let over = append(vec![batch(MAX_BATCH_COMMANDS * 4); MAX_ENTRIES / 4]);
        assert_eq!(of("/x/Append").check(&over), refused(COMMANDS, 2));
        let members = entry(wire::entry::Payload::Membership(wire::Membership {
            configs: Vec::new(),
            nodes: vec![wire::Node::default(); 1 << 20],
        }));
        assert_eq!(
            of("/x/Append").check(&append(vec![members])),
            refused(MAX_NODES, 2)
        );
        let propose = wire::ProposeRequest {
            commands: vec![Command::default(); MAX_BATCH_COMMANDS + 1],
            ..Default::default()
        };
        assert_eq!(
            of("/x/Propose").check(&propose.encode_to_vec()),
            refused(MAX_BATCH_COMMANDS, 1)
        );
    }

    #[test]
    fn bytes_that_are_no_message_are_refused() {
        for bytes in [
            &[0x1a_u8][..],
            &[0x1a, 5, 0],
            &[0xff; 11],
            &[0x1b],
            &[0x1d, 0, 0],
        ] {
            assert_eq!(of("/x/Append").check(bytes), Err(Misshapen::Unreadable));
        }
        // A field of a later release is passed over.
        assert_eq!(of("/x/Health").check(&[0xfa, 0x3f, 2, 1, 1]), Ok(()));
    }
}
