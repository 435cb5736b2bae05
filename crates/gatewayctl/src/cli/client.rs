//! A DHCP client as people write it: a hardware address, or `id:` and a client identifier.

use std::fmt;
use std::str::FromStr;

/// A client in the spelling of the protocol: lower case, octets joined by colons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client(String);

/// The text names no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a hardware address (02:aa:00:00:00:01) or a client identifier (id:ff:00:01), as `gatewayctl lease list` shows them"
)]
pub struct InvalidClient;

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
            return Ok(Self(format!(
                "[{htype}]{}",
                octets(rest, 1..=MAX_HARDWARE_OCTETS)?
            )));
        }
        Ok(Self(octets(text, 6..=6)?))
    }
}

/// Reads octets joined by `:` or `-` and writes them as the protocol does.
fn octets(text: &str, count: std::ops::RangeInclusive<usize>) -> Result<String, InvalidClient> {
    let octets: Vec<String> = text
        .split([':', '-'])
        .map(octet)
        .collect::<Result<_, _>>()?;
    if count.contains(&octets.len()) {
        Ok(octets.join(":"))
    } else {
        Err(InvalidClient)
    }
}

fn octet(text: &str) -> Result<String, InvalidClient> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(InvalidClient)
    }
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
            "02aa00000001",
            "[256]00",
            "vm-7",
            &long,
        ] {
            assert_eq!(text.parse::<Client>(), Err(InvalidClient), "{text}");
        }
    }
}
