//! The walk over the options area: every option within bounds, split ones put together.
//!
//! RFC 2132 §2 (format, pad, end), §9.3 (overload), RFC 3396 §5 and §7 (concatenation: the
//! options field first, then `file`, then `sname`).

use super::DropReason;
use crate::limits::MAX_OPTIONS;
use std::collections::BTreeMap;

const PAD: u8 = 0;
const END: u8 = 255;
const OVERLOAD: u8 = 52;
const SNAME: std::ops::Range<usize> = 44..108;
const FILE: std::ops::Range<usize> = 108..236;
const OPTIONS_FIELD: std::ops::RangeFrom<usize> = 240..;

/// Every option's payload, by code, its pieces joined in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OptionSet {
    options: BTreeMap<u8, Pieces>,
    instances: usize,
}

/// One option, as often as it occurs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pieces {
    joined: Vec<u8>,
    /// Each piece's length, in bytes.
    lengths: Vec<u8>,
}

impl OptionSet {
    /// The payload of an option, possibly empty.
    pub(super) fn get(&self, code: u8) -> Option<&[u8]> {
        self.options
            .get(&code)
            .map(|pieces| pieces.joined.as_slice())
    }

    /// The payload of an option of exactly `N` bytes: of the first piece that is so long, so of a
    /// doubled option the first holds; else of all pieces together (RFC 3396). An option that is
    /// neither counts as absent: what it meant cannot be known, and the rest of the message stands.
    pub(super) fn fixed<const N: usize>(&self, code: u8) -> Option<[u8; N]> {
        let pieces = self.options.get(&code)?;
        let mut start = 0;
        for length in pieces.lengths.iter().map(|length| usize::from(*length)) {
            let payload = pieces.joined.get(start..start + length)?;
            if let Ok(payload) = payload.try_into() {
                return Some(payload);
            }
            start += length;
        }
        pieces.joined.as_slice().try_into().ok()
    }

    /// The payload of an option, of which a client that says the same twice said it once: joined as one split option
    /// (RFC 3396), its name would be another one.
    pub(super) fn once(&self, code: u8) -> Option<&[u8]> {
        let pieces = self.options.get(&code)?;
        let first = usize::from(*pieces.lengths.first()?);
        let first = pieces.joined.get(..first)?;
        let mut lengths = pieces.lengths.iter().map(|length| usize::from(*length));
        let is_repeated = !first.is_empty()
            && lengths.all(|length| length == first.len())
            && pieces
                .joined
                .chunks(first.len())
                .all(|piece| piece == first);
        Some(if is_repeated { first } else { &pieces.joined })
    }

    fn add(&mut self, code: u8, payload: &[u8]) -> Result<(), DropReason> {
        self.instances += 1;
        if self.instances > MAX_OPTIONS {
            return Err(DropReason::TooManyOptions);
        }
        let pieces = self.options.entry(code).or_default();
        pieces.joined.extend_from_slice(payload);
        // An option's length is one byte.
        pieces
            .lengths
            .push(u8::try_from(payload.len()).unwrap_or(u8::MAX));
        Ok(())
    }

    /// Walks one field. END is optional: some clients fill the field to its last byte.
    fn walk(&mut self, mut field: &[u8]) -> Result<(), DropReason> {
        while let Some((code, rest)) = field.split_first() {
            field = match *code {
                END => return Ok(()),
                PAD => rest,
                code => {
                    let (length, rest) = rest.split_first().ok_or(DropReason::OptionOverrun)?;
                    let (payload, rest) = rest
                        .split_at_checked(usize::from(*length))
                        .ok_or(DropReason::OptionOverrun)?;
                    self.add(code, payload)?;
                    rest
                }
            };
        }
        Ok(())
    }
}

/// Which of the fixed fields carry options (RFC 2132 §9.3).
#[derive(Clone, Copy)]
struct Overload {
    file: bool,
    sname: bool,
}

impl Overload {
    /// By option 52 as the options field has it; a value that means nothing opens no field.
    fn of(options: &OptionSet) -> Self {
        let (file, sname) = match options.fixed::<1>(OVERLOAD) {
            Some([1]) => (true, false),
            Some([2]) => (false, true),
            Some([3]) => (true, true),
            _ => (false, false),
        };
        Self { file, sname }
    }
}

/// Collects the options of a datagram of at least 240 bytes.
pub(super) fn collect(datagram: &[u8]) -> Result<OptionSet, DropReason> {
    let mut options = OptionSet::default();
    options.walk(datagram.get(OPTIONS_FIELD).ok_or(DropReason::TooShort)?)?;
    let overload = Overload::of(&options);
    if overload.file {
        options.walk(datagram.get(FILE).ok_or(DropReason::TooShort)?)?;
    }
    if overload.sname {
        options.walk(datagram.get(SNAME).ok_or(DropReason::TooShort)?)?;
    }
    Ok(options)
}
