//! How much may be in bytes of protobuf, before they are decoded.
//!
//! * **Why.** A field of two bytes decodes to a struct of hundreds: 4 MiB of empty entries were 200 MB and more.
//!   So the bytes are walked first, and what nobody honest sends is refused.
//! * **How.** Whatever may repeat is counted over the whole message, at every depth: protobuf merges a message
//!   that is there twice, so a count for each parent would bound nothing. Lists of addresses (fixed32) decode to
//!   no more than their bytes, and are not counted. Pure.

/// What one message may be.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its bytes. For whoever reads them: [`Shape::check`] has them all.
    pub bytes: usize,
    /// How many of each kind may be in it; none of what is not named.
    pub budgets: &'static [(Kind, usize)],
    /// The fields that are looked at. All others are passed over.
    pub fields: &'static [Field],
}

/// A field that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its number.
    pub number: u64,
    /// As what each of its occurrences counts.
    pub counts: Option<Kind>,
    /// Whether it is a list of varints, which may be packed into one field.
    pub packed: bool,
    /// How many bytes each of its occurrences has at least, as nodes write it.
    pub least: usize,
    /// What is looked at in it.
    pub within: &'static [Field],
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Entries of the log.
    Entries,
    /// Commands in them.
    Commands,
    /// Outcomes of commands.
    Outcomes,
    /// Members of a cluster.
    Members,
    /// What members note of each other's logs.
    Notes,
    /// Clients' packets.
    Packets,
    /// Subnets with leases.
    Subnets,
    /// What operators have agreed on.
    Objects,
    /// Whatever else may repeat.
    Parts,
}

/// Why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misshapen {
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
    /// What is there would decode to far more than it brings.
    #[error("a field {number} has {bytes} bytes: each has at least {least}")]
    TooSmall {
        /// The field's number.
        number: u64,
        /// How many it has.
        bytes: usize,
        /// How many it has at least.
        least: usize,
    },
}

/// What repeats in a `Membership`.
pub const MEMBERSHIP: &[Field] = &[
    Field::counted(1, Kind::Parts, &[Field::numbers(1)]),
    Field::counted(2, Kind::Members, &[]),
];
/// What repeats in a `NodeRegistration`: its own addresses, ports, addresses.
pub const NODE_REGISTRATION: &[Field] = &[Field::part(2), Field::part(4), Field::part(5)];

impl Field {
    /// Each occurrence counts.
    #[must_use]
    pub const fn counted(number: u64, kind: Kind, within: &'static [Self]) -> Self {
        Self {
            number,
            counts: Some(kind),
            packed: false,
            least: 0,
            within,
        }
    }

    /// A list whose length has no limit but the bytes: nothing in it is smaller than `least`.
    #[must_use]
    pub const fn record(number: u64, least: usize, within: &'static [Self]) -> Self {
        Self {
            least,
            ..Self::single(number, within)
        }
    }

    /// A list of something small.
    #[must_use]
    pub const fn part(number: u64) -> Self {
        Self::counted(number, Kind::Parts, &[])
    }

    /// A list of varints.
    #[must_use]
    pub const fn numbers(number: u64) -> Self {
        Self {
            packed: true,
            ..Self::part(number)
        }
    }

    /// What may be in one message counts.
    #[must_use]
    pub const fn single(number: u64, within: &'static [Self]) -> Self {
        Self {
            number,
            counts: None,
            packed: false,
            least: 0,
            within,
        }
    }
}

impl Shape {
    /// Walks a message that has not been decoded.
    ///
    /// # Errors
    ///
    /// Says what there is too much of.
    pub fn check(&self, message: &[u8]) -> Result<(), Misshapen> {
        let mut counts = Counts {
            budgets: self.budgets,
            so_far: vec![0; self.budgets.len()],
        };
        walk(message, self.fields, &mut counts)
    }
}

/// How many of each kind have been met, in the whole message.
struct Counts {
    budgets: &'static [(Kind, usize)],
    so_far: Vec<usize>,
}

impl Counts {
    fn add(&mut self, kind: Kind, count: usize) -> Result<(), Misshapen> {
        let mut budgets = self.budgets.iter().zip(&mut self.so_far);
        let Some(((_, most), so_far)) = budgets.find(|((of, _), _)| *of == kind) else {
            return Err(Misshapen::TooMany { kind, most: 0 });
        };
        *so_far = so_far.saturating_add(count);
        if *so_far > *most {
            let most = *most;
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
        let content = content(&mut message, wire_type)?;
        let Some(field) = fields.iter().find(|field| field.number == number) else {
            continue;
        };
        if content.len() < field.least {
            return Err(Misshapen::TooSmall {
                number,
                bytes: content.len(),
                least: field.least,
            });
        }
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

/// The bytes of one field; none of a varint.
fn content<'a>(message: &mut &'a [u8], wire_type: u64) -> Result<&'a [u8], Misshapen> {
    let length = match wire_type {
        0 => {
            varint(message)?;
            0
        }
        1 => 8,
        2 => varint(message)?,
        5 => 4,
        // Groups are not used.
        _ => return Err(Misshapen::Unreadable),
    };
    let length = usize::try_from(length).map_err(|_| Misshapen::Unreadable)?;
    let parts = message.split_at_checked(length);
    let (content, rest) = parts.ok_or(Misshapen::Unreadable)?;
    *message = rest;
    Ok(content)
}

/// The varint at the beginning of `bytes`, which begin behind it then.
///
/// # Errors
///
/// There is none.
pub fn varint(bytes: &mut &[u8]) -> Result<u64, Misshapen> {
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
