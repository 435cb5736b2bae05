//! A record: a version byte, a CRC-32 over the key, the version and the content, and the content.
//!
//! The key is in the checksum so that a record in another's place is found out.

use crc32fast::Hasher;

const VERSION: u8 = 1;
const HEADER: usize = 5;

/// Wraps `content` for `key`.
pub(super) fn seal(key: &[u8], content: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(HEADER + content.len());
    record.push(VERSION);
    record.extend_from_slice(&checksum(key, VERSION, content).to_le_bytes());
    record.extend_from_slice(content);
    record
}

/// The content of `key`'s record, or what is wrong with it.
pub(super) fn open<'a>(key: &[u8], record: &'a [u8]) -> Result<&'a [u8], &'static str> {
    let Some((&[version, ref crc @ ..], content)) = record.split_first_chunk::<HEADER>() else {
        return Err("it is cut short");
    };
    if checksum(key, version, content) != u32::from_le_bytes(*crc) {
        return Err("its checksum is wrong");
    }
    if version != VERSION {
        return Err("it is of a version that this release does not know");
    }
    Ok(content)
}

/// The checksum that a record says it has.
pub(super) fn checksum_of(record: &[u8]) -> Option<u32> {
    let (&[_, ref crc @ ..], _) = record.split_first_chunk::<HEADER>()?;
    Some(u32::from_le_bytes(*crc))
}

fn checksum(key: &[u8], version: u8, content: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(key);
    hasher.update(&[version]);
    hasher.update(content);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen::fixture;

    #[test]
    fn every_flipped_bit_is_found() {
        let record = seal(b"key", b"content");
        assert_eq!(open(b"key", &record), Ok(&b"content"[..]));
        for bit in 0..record.len() * 8 {
            let mut flipped = record.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(b"key", &flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_first_record_opens_for_ever() {
        let key = 77_u64.to_be_bytes();
        let record = fixture("record-1.hex", &seal(&key, b"content"));
        assert_eq!(open(&key, &record), Ok(&b"content"[..]));
    }

    #[test]
    fn a_cut_or_misplaced_record_is_found() {
        let record = seal(b"key", b"content");
        for length in 0..record.len() {
            assert!(open(b"key", &record[..length]).is_err(), "{length} bytes");
        }
        assert!(open(b"kez", &record).is_err());
    }
}
