//! The internet checksum (RFC 1071).

/// The one's complement sum of `parts` taken as one string of 16-bit words, complemented.
///
/// Every part but the last must have an even length.
pub fn internet(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for word in part.chunks(2) {
            let low = word.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([word[0], low]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    // Folded above, so it fits.
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(internet(&[&bytes]), !0xddf2);
    }

    #[test]
    fn a_sum_over_its_own_checksum_is_zero() {
        let bytes = [0x45, 0x00, 0x12, 0x34];
        let sum = internet(&[&bytes]).to_be_bytes();
        assert_eq!(internet(&[&bytes, &sum]), 0);
    }
}
