//! Keys of the log's tree: the index, and the part of the record.
//!
//! sled moves a page that is larger than a quarter of its segment (128 KiB) to a file of its own, which it
//! never fsyncs. A page holds up to 17 values, so a record is cut into parts small enough that a
//! page of them stays well below that.

/// The largest part of a record, in bytes: a page of 17 stays under 128 KiB.
pub(super) const PART_BYTES: usize = 4096;
/// The largest record, in bytes.
pub(super) const RECORD_BYTES: usize = PART_BYTES * (u16::MAX as usize + 1);

/// Big-endian, so that keys sort as indexes do: 8 bytes of index, 2 of part.
pub(super) type Key = [u8; 10];

/// The key of one part of an entry's record.
pub(super) fn encode(index: u64, part: u16) -> Key {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&index.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

/// The index and the part, if it is a key of ours.
pub(super) fn decode(key: &[u8]) -> Option<(u64, u16)> {
    let (index, part) = key.split_first_chunk::<8>()?;
    let part = part.try_into().ok()?;
    Some((u64::from_be_bytes(*index), u16::from_be_bytes(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_index_then_part() {
        let keys = [
            (0, 0),
            (0, 1),
            (1, 0),
            (255, 9),
            (256, 0),
            (u64::MAX, u16::MAX),
        ];
        let encoded: Vec<Key> = keys.iter().map(|(i, p)| encode(*i, *p)).collect();
        assert!(encoded.is_sorted());
        for (key, pair) in encoded.iter().zip(keys) {
            assert_eq!(decode(key), Some(pair));
        }
        assert_eq!(decode(b"short"), None);
        assert_eq!(decode(&[0; 11]), None);
    }
}
