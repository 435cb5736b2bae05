//! A duration as people write it: `60s`, `10m`, `8h`.

use std::time::Duration;

/// Reads one.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is no duration: write a number and s, m or h, such as 60s");
    let (digits, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(expected)?;
    let number: u64 = digits.parse().map_err(|_| expected())?;
    let seconds = match unit {
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3600),
        _ => None,
    };
    seconds
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit() {
        for (text, seconds) in [("60s", 60), ("10m", 600), ("8h", 28_800)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "60", "0s", "1d", "-1s", "1 s", "ß"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
