//! For fuzzing: the record of one entry, as it is on disk.

use super::database::RawRecord;
use super::{record, verify};
use crate::{Entry, StoreError};

/// The entry of a record that was found at `index`: any bytes, or an error.
pub fn open_record(index: u64, bytes: &[u8]) -> Result<Entry, StoreError> {
    let bytes = bytes.to_vec();
    verify::open_entry(&RawRecord { index, bytes })
}

/// The record of an entry.
pub fn seal_record(entry: &Entry) -> Result<Vec<u8>, StoreError> {
    verify::seal_entry(entry)
}

/// A record with a right checksum around any content, so that a fuzzer gets past it.
#[must_use]
pub fn wrap_record(index: u64, content: &[u8]) -> Vec<u8> {
    record::seal(&index.to_be_bytes(), content)
}
