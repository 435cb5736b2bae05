//! How large each call may be, and how much may be in it, before it is decoded.
//!
//! A field of two bytes decodes to a struct of hundreds: 4 MiB of empty entries were 200 MB and more. So the
//! bytes are walked first, and what no honest peer sends is refused. Whatever may repeat is counted over the
//! whole call, at every depth: protobuf merges a message that is there twice, so a count for each parent would
//! bound nothing. Lists of addresses (fixed32) decode to no more than their bytes. Pure.

use crate::limits::{
    MAX_APPEND_COMMANDS, MAX_APPEND_MEMBERS, MAX_CALL_PARTS, MAX_ENTRIES, MAX_MESSAGE_BYTES,
    MAX_SMALL_MESSAGE_BYTES,
};
use ipam::budget::MAX_BATCH_COMMANDS;

/// What one call may be.
pub(super) struct Shape {
    /// Its bytes.
    pub(super) bytes: usize,
    /// How many commands may be in it.
    commands: usize,
    fields: &'static [Field],
}

/// A field that is looked at. All others are passed over.
struct Field {
    number: u64,
    /// As what each of its occurrences counts.
    counts: Option<Kind>,
    /// Whether it is a list of varints, which may be packed into one field.
    packed: bool,
    within: &'static [Field],
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Entries,
    Commands,
    Members,
    /// Whatever else may repeat.
    Parts,
}

/// Why bytes are refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misshapen {
    /// They are no protobuf.
    #[error("the message cannot be read")]
    Unreadable,
    /// Too much of one thing.
    #[error("there are more than {most} {kind:?} in the message")]
    TooMany {
        /// Of what.
        kind: Kind,
        /// How many there may be.
        most: usize,
    },
}

const fn counted(number: u64, kind: Kind, within: &'static [Field]) -> Field {
    Field {
        number,
        counts: Some(kind),
        packed: false,
        within,
    }
}

const fn part(number: u64) -> Field {
    counted(number, Kind::Parts, &[])
}

const fn single(number: u64, within: &'static [Field]) -> Field {
    Field {
        number,
        counts: None,
        packed: false,
        within,
    }
}

const VOTERS: &[Field] = &[Field {
    number: 1,
    counts: Some(Kind::Parts),
    packed: true,
    within: &[],
}];
const MEMBERSHIP: &[Field] = &[
    counted(1, Kind::Parts, VOTERS),
    counted(2, Kind::Members, &[]),
];
/// Excluded ranges, search domains, classless routes, options.
const SUBNET: &[Field] = &[part(5), part(10), part(13), part(14)];
/// Bootstrap, NodeRegistration with its listeners and addresses, SubnetConfig.
const COMMAND: &[Field] = &[
    single(16, &[single(2, SUBNET)]),
    single(17, &[part(10), part(11)]),
    single(19, SUBNET),
];
const ENTRY: &[Field] = &[
    single(3, &[counted(2, Kind::Commands, COMMAND)]),
    single(4, MEMBERSHIP),
];
const APPEND: Shape = Shape {
    bytes: MAX_MESSAGE_BYTES,
    commands: MAX_APPEND_COMMANDS,
    fields: &[counted(3, Kind::Entries, ENTRY)],
};
const PROPOSE: Shape = Shape {
    bytes: MAX_MESSAGE_BYTES,
    commands: MAX_BATCH_COMMANDS,
    fields: &[counted(1, Kind::Commands, COMMAND)],
};
const SMALL: Shape = Shape {
    bytes: MAX_SMALL_MESSAGE_BYTES,
    commands: 0,
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
        let left = [
            (Kind::Entries, MAX_ENTRIES),
            (Kind::Commands, self.commands),
            (Kind::Members, MAX_APPEND_MEMBERS),
            (Kind::Parts, MAX_CALL_PARTS),
        ];
        let left = left.map(|(kind, most)| Left {
            kind,
            most,
            so_far: 0,
        });
        walk(message, self.fields, &mut Counts(left))
    }
}

/// How many of a kind have been met, in the whole call.
struct Left {
    kind: Kind,
    most: usize,
    so_far: usize,
}

struct Counts([Left; 4]);

impl Counts {
    fn add(&mut self, kind: Kind, count: usize) -> Result<(), Misshapen> {
        let Some(of) = self.0.iter_mut().find(|of| of.kind == kind) else {
            return Ok(());
        };
        of.so_far = of.so_far.saturating_add(count);
        if of.so_far > of.most {
            let most = of.most;
            return Err(Misshapen::TooMany { kind, most });
        }
        Ok(())
    }
}

fn walk(
    mut message: &[u8],
    fields: &'static [Field],
    counts: &mut Counts,
) -> Result<(), Misshapen> {
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let (number, wire_type) = (tag >> 3, tag & 7);
        let length = match wire_type {
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
        let Some(field) = fields.iter().find(|field| field.number == number) else {
            continue;
        };
        if let Some(kind) = field.counts {
            let count = match field.packed && wire_type == 2 {
                // Each varint ends with a byte without the highest bit.
                true => content.iter().filter(|byte| **byte < 0x80).count(),
                false => 1,
            };
            counts.add(kind, count)?;
        }
        if wire_type == 2 && !field.within.is_empty() {
            walk(content, field.within, counts)?;
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
#[path = "shape_tests.rs"]
mod tests;
