//! A DHCP client as people write it: a hardware address, or `id:` and a client identifier.

use std::fmt;
use std::str::FromStr;

/// A client in the spelling of the protocol: lower case, octets joined by colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client(String);

/// The text names no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a hardware address (02:aa:00:00:00:01, 02-AA-00-00-00-01, 02aa.0000.0001 or 02aa00000001) or a client identifier (id:ff:00:01), as `gatewayctl lease list` shows them"
)]
pub struct InvalidClient;

/// The hardware type that is left out.
const ETHERNET: u8 = 1;
/// `chaddr` has 16 octets (RFC 2131 §2).
const MAX_HARDWARE_OCTETS: usize = 16;
/// An option's payload has at most 255 octets (RFC 2132 §2).
const MAX_IDENTIFIER_OCTETS: usize = 255;

impl Client {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Client {
    type Err = InvalidClient;

    fn from_str(text: &str) -> Result<Self, InvalidClient> {
        if let Some(rest) = text.strip_prefix("id:") {
            return Ok(Self(format!(
                "id:{}",
                octets(rest, 1..=MAX_IDENTIFIER_OCTETS)?
            )));
        }
        // Hardware other than Ethernet shows its type in brackets: `[6]02:aa:…`.
        if let Some((htype, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let htype: u8 = htype.parse().map_err(|_| InvalidClient)?;
            if htype == ETHERNET {
                return Ok(Self(octets(rest, 6..=6)?));
            }
            return Ok(Self(format!(
                "[{htype}]{}",
                octets(rest, 1..=MAX_HARDWARE_OCTETS)?
            )));
        }
        Ok(Self(octets(text, 6..=6)?))
    }
}

/// Reads octets in any common notation and writes them as the protocol does: joined by `:` or `-` (then
/// a zero before a digit may be missing), in groups joined by `.` or in one piece.
fn octets(text: &str, count: std::ops::RangeInclusive<usize>) -> Result<String, InvalidClient> {
    let octets: Vec<String> = match text.chars().find(|c| matches!(c, ':' | '-')) {
        Some(separator) => text.split(separator).map(octet).collect::<Result<_, _>>()?,
        None => pairs(&text.split('.').collect::<Vec<_>>())?,
    };
    if count.contains(&octets.len()) {
        Ok(octets.join(":"))
    } else {
        Err(InvalidClient)
    }
}

fn octet(text: &str) -> Result<String, InvalidClient> {
    if matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(format!("{text:0>2}").to_ascii_lowercase())
    } else {
        Err(InvalidClient)
    }
}

/// Groups of equal length, each of whole octets.
fn pairs(groups: &[&str]) -> Result<Vec<String>, InvalidClient> {
    let length = groups.first().map_or(0, |group| group.len());
    let is_whole = |group: &&str| {
        group.len() == length
            && group.len().is_multiple_of(2)
            && group.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if length == 0 || !groups.iter().all(is_whole) {
        return Err(InvalidClient);
    }
    let digits = groups.concat().to_ascii_lowercase();
    let starts = (0..digits.len()).step_by(2);
    Ok(starts
        .map(|start| digits[start..start + 2].to_owned())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_becomes_the_protocols() {
        for (text, client) in [
            ("02:AA:00:00:00:01", "02:aa:00:00:00:01"),
            ("02-aa-00-00-00-01", "02:aa:00:00:00:01"),
            ("id:FF:00:01", "id:ff:00:01"),
            ("[6]02:aa", "[6]02:aa"),
            ("[6]02AA00000001", "[6]02:aa:00:00:00:01"),
            ("[1]02:aa:00:00:00:01", "02:aa:00:00:00:01"),
            ("02aa00000001", "02:aa:00:00:00:01"),
            ("02AA.0000.0001", "02:aa:00:00:00:01"),
            ("2:aa:0:0:0:1", "02:aa:00:00:00:01"),
            ("id:ff0001", "id:ff:00:01"),
        ] {
            assert_eq!(
                text.parse::<Client>().map(|client| client.to_string()),
                Ok(client.to_owned())
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!("id:{}", vec!["00"; MAX_IDENTIFIER_OCTETS + 1].join(":"));
        for text in [
            "",
            "id:",
            "02:aa",
            "02:aa:00:00:00:0g",
            "02aa0000000",
            "02aa000000011",
            "02aa.0000.001",
            "02:aa-00:00:00:01",
            "+2:aa:00:00:00:01",
            "02:aa:00:00:00:001",
            "10.15.3.20",
            "[]02:aa",
            "[256]00",
            "vm-7",
            &long,
        ] {
            assert_eq!(text.parse::<Client>(), Err(InvalidClient), "{text}");
        }
    }
}
