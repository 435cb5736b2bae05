//! A snapshot file: magic (8 bytes), version (u32), length of the content (u64), CRC-32 over
//! version, length and content (u32), all little-endian; then the content.

use crc32fast::Hasher;

const MAGIC: &[u8; 8] = b"gwdsnap\0";
const VERSION: u32 = 1;
const HEADER: usize = 24;

/// Wraps `content`.
pub(super) fn seal(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u64;
    let mut file = Vec::with_capacity(HEADER + content.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&checksum(VERSION, length, content).to_le_bytes());
    file.extend_from_slice(content);
    file
}

/// The content of a file, or what is wrong with it.
pub(super) fn open(file: &[u8]) -> Result<&[u8], &'static str> {
    let (header, content) = file
        .split_first_chunk::<HEADER>()
        .ok_or("it is cut short")?;
    let (magic, rest) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err("it is not a snapshot of gatewayd");
    }
    let (version, length, crc) = numbers(rest).ok_or("it is cut short")?;
    if length != content.len() as u64 {
        return Err("it does not have the length that it says");
    }
    if checksum(version, length, content) != crc {
        return Err("its checksum is wrong");
    }
    if version != VERSION {
        return Err("it is of a version that this release does not know");
    }
    Ok(content)
}

fn numbers(bytes: &[u8]) -> Option<(u32, u64, u32)> {
    let (version, bytes) = bytes.split_first_chunk()?;
    let (length, bytes) = bytes.split_first_chunk()?;
    let (crc, _) = bytes.split_first_chunk()?;
    Some((
        u32::from_le_bytes(*version),
        u64::from_le_bytes(*length),
        u32::from_le_bytes(*crc),
    ))
}

fn checksum(version: u32, length: u64, content: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&version.to_le_bytes());
    hasher.update(&length.to_le_bytes());
    hasher.update(content);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let file = seal(b"state");
        assert_eq!(open(&file), Ok(&b"state"[..]));
        for bit in 0..file.len() * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&flipped).is_err(), "bit {bit}");
        }
        for length in 0..file.len() {
            assert!(open(&file[..length]).is_err(), "{length} bytes");
        }
    }
}
