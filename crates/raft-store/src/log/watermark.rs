//! How far the log was known to be durable, in a small file beside sled's.
//!
//! sled takes a damaged record for the end of its file and silently drops everything after it:
//! measured, one flipped bit loses every later entry, and the vote. A node that has lost what it
//! acknowledged must not vote or acknowledge again (contract S2), so it must notice. This file says
//! how much there must be at least.
//!
//! It is written after each sync, so it never promises more than there is; it is itself synced only
//! when it is lowered (before a truncation) and at the end. After a power cut it may therefore be
//! some seconds old, and then proves less; it never proves what is not so.
//!
//! Two slots are written in turn, so that a torn write leaves the other: sequence (u64), next index
//! (u64), vote (term u64, node u64, kind u8: 0 none, 1 asked for, 2 won), the last entry's checksum
//! (known u8: 0 no, 1 yes; u32), CRC-32 over all of these, little-endian.

use crate::storage_env::{OpenFile, StorageEnv};
use crate::{StoreError, Vote};
use std::path::{Path, PathBuf};

/// Far enough apart that no disk tears both.
const SLOT_OFFSETS: [u64; 2] = [0, 4096];
const KIND: usize = 32;
const KNOWN: usize = 33;
const CHECKSUM: usize = 34;
const FIELDS: usize = 38;
const SLOT: usize = FIELDS + 4;

/// What must be there at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Every entry before this index, unless it is purged.
    pub(super) next_index: u64,
    /// The last of them is the one whose record has this checksum; `None` if that is not known.
    /// Without it, a log that was truncated and has grown again could come back as it was before.
    pub(super) last_checksum: Option<u32>,
    /// This vote, or a later one.
    pub(super) vote: Option<Vote>,
}

/// The file.
pub(super) struct Watermark {
    file: Box<dyn OpenFile>,
    path: PathBuf,
    sequence: u64,
    mark: Mark,
}

impl Watermark {
    /// A new one that promises nothing. Durable when it returns, but for its directory.
    pub(super) fn create(env: &dyn StorageEnv, path: &Path) -> Result<Self, StoreError> {
        let created = env.create(path);
        let file = created.map_err(StoreError::io("creating", path))?;
        let mut watermark = Self {
            file,
            path: path.to_owned(),
            sequence: 0,
            mark: Mark::default(),
        };
        for _ in SLOT_OFFSETS {
            watermark.write(Mark::default())?;
        }
        watermark.sync()?;
        Ok(watermark)
    }

    /// The one of an earlier run.
    pub(super) fn open(env: &dyn StorageEnv, path: &Path) -> Result<Self, StoreError> {
        let file = env.open(path).map_err(StoreError::io("opening", path))?;
        let mut newest = None;
        for offset in SLOT_OFFSETS {
            let mut slot = [0; SLOT];
            let read = file.read_exact_at(&mut slot, offset);
            read.map_err(StoreError::io("reading", path))?;
            newest = newest.max(decode(&slot).map(|(sequence, mark)| (sequence, Newest(mark))));
        }
        let Some((sequence, Newest(mark))) = newest else {
            return Err(StoreError::DamagedRecord {
                what: format!("watermark {}", path.display()),
                reason: "both its checksums are wrong",
            });
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            sequence,
            mark,
        })
    }

    /// What it says.
    pub(super) const fn mark(&self) -> Mark {
        self.mark
    }

    /// Says more, now that it is durable.
    pub(super) fn raise(&mut self, mark: Mark) -> Result<(), StoreError> {
        if mark == self.mark {
            return Ok(());
        }
        self.write(mark)
    }

    /// Promises no entry from `index` on; durable when it returns.
    pub(super) fn lower(&mut self, index: u64) -> Result<(), StoreError> {
        if self.mark.next_index <= index {
            return Ok(());
        }
        self.write(Mark {
            next_index: index,
            last_checksum: None,
            vote: self.mark.vote,
        })?;
        self.sync()
    }

    /// Makes it durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let synced = self.file.sync_data();
        synced.map_err(StoreError::io("making durable", &self.path))
    }

    fn write(&mut self, mark: Mark) -> Result<(), StoreError> {
        let sequence = self.sequence + 1;
        let [even, odd] = SLOT_OFFSETS;
        let offset = if sequence.is_multiple_of(2) {
            even
        } else {
            odd
        };
        let written = self.file.write_all_at(&encode(sequence, mark), offset);
        written.map_err(StoreError::io("writing", &self.path))?;
        self.sequence = sequence;
        self.mark = mark;
        Ok(())
    }
}

/// Orders slots by their sequence alone.
struct Newest(Mark);

impl PartialEq for Newest {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Newest {}

impl PartialOrd for Newest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Newest {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

fn encode(sequence: u64, mark: Mark) -> [u8; SLOT] {
    let (term, node, kind) = match mark.vote {
        None => (0, 0, 0),
        Some(vote) => (
            vote.leader_id.term,
            vote.leader_id.voted_for,
            1 + u8::from(vote.committed),
        ),
    };
    let mut slot = [0; SLOT];
    let numbers = [sequence, mark.next_index, term, node];
    for (field, number) in slot.chunks_exact_mut(8).zip(numbers) {
        field.copy_from_slice(&number.to_le_bytes());
    }
    slot[KIND] = kind;
    if let Some(checksum) = mark.last_checksum {
        slot[KNOWN] = 1;
        slot[CHECKSUM..FIELDS].copy_from_slice(&checksum.to_le_bytes());
    }
    let crc = crc32fast::hash(&slot[..FIELDS]);
    slot[FIELDS..].copy_from_slice(&crc.to_le_bytes());
    slot
}

fn decode(slot: &[u8; SLOT]) -> Option<(u64, Mark)> {
    let (fields, crc) = slot.split_first_chunk::<FIELDS>()?;
    if crc != crc32fast::hash(fields).to_le_bytes() {
        return None;
    }
    let number = |n: usize| {
        let bytes = fields.get(8 * n..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    };
    let vote = match fields[KIND] {
        0 => None,
        1 => Some(Vote::new(number(2)?, number(3)?)),
        2 => Some(Vote::new_committed(number(2)?, number(3)?)),
        _ => return None,
    };
    let last_checksum = match fields[KNOWN] {
        0 => None,
        1 => Some(u32::from_le_bytes(*fields[CHECKSUM..].first_chunk()?)),
        _ => return None,
    };
    let mark = Mark {
        next_index: number(1)?,
        last_checksum,
        vote,
    };
    Some((number(0)?, mark))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::frozen::fixture;
    use crate::storage_env::OsEnv;
    use tempfile::TempDir;

    fn mark(next_index: u64) -> Mark {
        Mark {
            next_index,
            last_checksum: Some(7),
            vote: Some(Vote::new(next_index, 3)),
        }
    }

    #[test]
    fn slots_come_back_and_flipped_bits_are_found() {
        let votes = [
            None,
            Some(Vote::new(4, 5)),
            Some(Vote::new_committed(u64::MAX, 1)),
        ];
        for vote in votes {
            let mark = Mark {
                next_index: 77,
                last_checksum: vote.map(|_| u32::MAX),
                vote,
            };
            let slot = encode(9, mark);
            assert_eq!(decode(&slot), Some((9, mark)));
            for bit in 0..slot.len() * 8 {
                let mut flipped = slot;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(decode(&flipped), None, "bit {bit}");
            }
        }
    }

    #[test]
    fn the_first_watermark_decodes_for_ever() {
        let mark = Mark {
            next_index: 77,
            last_checksum: Some(0xfeed_f00d),
            vote: Some(Vote::new_committed(3, 7)),
        };
        let slot = fixture("watermark-1.hex", &encode(9, mark));
        let slot = slot.first_chunk().unwrap();
        assert_eq!(decode(slot), Some((9, mark)));
        assert_eq!((slot.len(), SLOT_OFFSETS), (SLOT, [0, 4096]));
    }

    #[test]
    fn a_torn_slot_leaves_the_one_before() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("watermark");
        let mut watermark = Watermark::create(&OsEnv, &path).unwrap();
        for index in 1..6 {
            watermark.raise(mark(index)).unwrap();
            assert_eq!(Watermark::open(&OsEnv, &path).unwrap().mark(), mark(index));
        }
        let [even, odd] = SLOT_OFFSETS;
        let newest = if watermark.sequence.is_multiple_of(2) {
            (even, odd)
        } else {
            (odd, even)
        };
        watermark.file.write_all_at(b"torn", newest.0).unwrap();
        assert_eq!(Watermark::open(&OsEnv, &path).unwrap().mark(), mark(4));
        watermark.file.write_all_at(b"torn", newest.1).unwrap();
        assert!(Watermark::open(&OsEnv, &path).is_err());
    }

    #[test]
    fn lowering_keeps_the_vote() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("watermark");
        let mut watermark = Watermark::create(&OsEnv, &path).unwrap();
        watermark.raise(mark(9)).unwrap();
        watermark.lower(12).unwrap();
        assert_eq!(watermark.mark(), mark(9));
        watermark.lower(4).unwrap();
        let lowered = Watermark::open(&OsEnv, &path).unwrap().mark();
        assert_eq!((lowered.next_index, lowered.vote), (4, mark(9).vote));
        assert_eq!(lowered.last_checksum, None);
    }
}
