//! A file's bytes.

use super::DiskCounters;
use super::content::Content;
use fastrand::Rng;

/// The bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

/// A change of them.
#[derive(Clone, Debug)]
pub(super) enum Write {
    /// Emptied.
    Empty,
    /// These bytes at this offset.
    At(usize, Vec<u8>),
}

impl Bytes {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.0.len() < end {
            self.0.resize(end, 0);
        }
        self.0[offset..end].copy_from_slice(bytes);
    }
}

impl Content for Bytes {
    type Change = Write;
    const ENDS_AT_A_LOSS: bool = false;

    fn apply(&mut self, change: &Write) {
        match change {
            Write::Empty => self.0.clear(),
            Write::At(offset, bytes) => self.write(*offset, bytes),
        }
    }

    /// Some of the first bytes of the write are there.
    fn tear(&mut self, lost: &Write, rng: &mut Rng, counters: &mut DiskCounters) {
        if let Write::At(offset, bytes) = lost {
            let kept = rng.usize(..bytes.len().max(1));
            if kept > 0 {
                self.write(*offset, &bytes[..kept]);
                counters.torn_writes += 1;
            }
        }
    }

    fn count(counters: &mut DiskCounters, _: usize, lost: usize) {
        counters.lost_writes += lost as u64;
    }
}
