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
    payloads: BTreeMap<u8, Vec<u8>>,
    instances: usize,
}

impl OptionSet {
    /// The payload of an option, possibly empty.
    pub(super) fn get(&self, code: u8) -> Option<&[u8]> {
        self.payloads.get(&code).map(Vec::as_slice)
    }

    fn add(&mut self, code: u8, payload: &[u8]) -> Result<(), DropReason> {
        self.instances += 1;
        if self.instances > MAX_OPTIONS {
            return Err(DropReason::TooManyOptions);
        }
        self.payloads
            .entry(code)
            .or_default()
            .extend_from_slice(payload);
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
    fn of(options: &OptionSet) -> Result<Self, DropReason> {
        match options.get(OVERLOAD) {
            None => Ok(Self {
                file: false,
                sname: false,
            }),
            Some([1]) => Ok(Self {
                file: true,
                sname: false,
            }),
            Some([2]) => Ok(Self {
                file: false,
                sname: true,
            }),
            Some([3]) => Ok(Self {
                file: true,
                sname: true,
            }),
            Some(_) => Err(DropReason::OptionOverload),
        }
    }
}

/// Collects the options of a datagram of at least 240 bytes.
pub(super) fn collect(datagram: &[u8]) -> Result<OptionSet, DropReason> {
    let mut options = OptionSet::default();
    options.walk(datagram.get(OPTIONS_FIELD).ok_or(DropReason::TooShort)?)?;
    let overload = Overload::of(&options)?;
    if overload.file {
        options.walk(datagram.get(FILE).ok_or(DropReason::TooShort)?)?;
    }
    if overload.sname {
        options.walk(datagram.get(SNAME).ok_or(DropReason::TooShort)?)?;
    }
    // A second overload option, inside a field that the first one opened, makes the payload longer
    // than one byte: which fields were meant is then anybody's guess.
    Overload::of(&options)?;
    Ok(options)
}
