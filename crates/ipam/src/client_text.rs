//! How people write a client. What this reads is what `Display` writes, and every other common notation.

use crate::{ClientIdentifier, ClientKey, HardwareAddress};
use alloc::vec::Vec;
use core::str::FromStr;

/// The text names no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a hardware address (02:aa:00:00:00:01, 02-AA-00-00-00-01, 02aa.0000.0001 or 02aa00000001) or a client identifier (id:ff:00:01), as `gatewayctl lease list` shows them"
)]
pub struct InvalidClient;

/// Ethernet's addresses have 6 octets; those of other hardware vary.
const ETHERNET_OCTETS: usize = 6;

/// A hardware address (`02:aa:00:00:00:01`, `02-AA-00-00-00-01`, `02aa.0000.0001`, `02aa00000001`; another
/// type than Ethernet in brackets before it: `[6]02:aa:00:00:00:01`), or `id:` and a client identifier.
/// Blanks around it do not matter.
impl FromStr for ClientKey {
    type Err = InvalidClient;

    fn from_str(text: &str) -> Result<Self, InvalidClient> {
        read(text.trim()).ok_or(InvalidClient)
    }
}

fn read(text: &str) -> Option<ClientKey> {
    if let Some(identifier) = text.strip_prefix("id:") {
        let identifier = ClientIdentifier::new(&octets(identifier)?).ok()?;
        return Some(ClientKey::Identifier(identifier));
    }
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (htype, address) = match bracketed {
        Some((htype, address)) => (htype.parse().ok()?, address),
        None => (HardwareAddress::ETHERNET, text),
    };
    let bytes = octets(address)?;
    if htype == HardwareAddress::ETHERNET && bytes.len() != ETHERNET_OCTETS {
        return None;
    }
    let hardware = HardwareAddress::new(htype, &bytes).ok()?;
    Some(ClientKey::Hardware(hardware))
}

/// Octets joined by `:` or `-` (then a zero before a digit may be missing), in groups of whole octets
/// joined by `.`, or in one piece.
fn octets(text: &str) -> Option<Vec<u8>> {
    if let Some(separator) = text.chars().find(|c| matches!(c, ':' | '-')) {
        return text.split(separator).map(octet).collect();
    }
    let length = text.split('.').next()?.len();
    let mut octets = Vec::new();
    for group in text.split('.') {
        let is_whole = length > 0 && group.len() == length && group.len().is_multiple_of(2);
        if !is_whole || !group.is_ascii() {
            return None;
        }
        for start in (0..group.len()).step_by(2) {
            octets.push(octet(group.get(start..start + 2)?)?);
        }
    }
    Some(octets)
}

fn octet(text: &str) -> Option<u8> {
    let is_one = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then(|| u8::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::{format, vec};

    #[test]
    fn client_written_reads_back() {
        for text in ["02:aa:00:00:00:01", "id:ff:00:01", "[6]02:aa:00:00:00:01"] {
            let client = text.parse::<ClientKey>().map(|client| client.to_string());
            assert_eq!(client.as_deref(), Ok(text));
        }
    }

    #[test]
    fn client_in_any_notation_is_the_same() {
        for (text, expected) in [
            ("02aa00000001", "02:aa:00:00:00:01"),
            ("02AA00000001", "02:aa:00:00:00:01"),
            ("02:AA:00:00:00:01", "02:aa:00:00:00:01"),
            ("02-aa-00-00-00-01", "02:aa:00:00:00:01"),
            ("02-AA-00-00-00-01", "02:aa:00:00:00:01"),
            ("02aa.0000.0001", "02:aa:00:00:00:01"),
            ("02AA.0000.0001", "02:aa:00:00:00:01"),
            ("2:aa:0:0:0:1", "02:aa:00:00:00:01"),
            ("[1]02:aa:00:00:00:01", "02:aa:00:00:00:01"),
            (" 02:aa:00:00:00:01 ", "02:aa:00:00:00:01"),
            ("id:FF:00:01", "id:ff:00:01"),
            ("id:ff0001", "id:ff:00:01"),
            ("[6]02:aa", "[6]02:aa"),
            ("[6]02AA00000001", "[6]02:aa:00:00:00:01"),
            ("[32]0102", "[32]01:02"),
        ] {
            let client = text.parse::<ClientKey>().map(|client| client.to_string());
            assert_eq!(client.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn text_without_a_client_is_refused() {
        let long = |octets: usize| vec!["00"; octets].join(":");
        let long_identifier = format!("id:{}", long(ClientIdentifier::MAX_BYTES + 1));
        let long_address = format!("[6]{}", long(HardwareAddress::MAX_BYTES + 1));
        for text in [
            "",
            "id:",
            "02:aa",
            "[6]",
            "[]02:aa",
            "[256]00",
            "[256]02",
            "02:aa:00:00:00:0g",
            "02:aa:00:00:00:001",
            "+2:aa:00:00:00:01",
            "02:aa-00:00:00:01",
            "02aa0000000",
            "02aa000000011",
            "02aa.0000.001",
            "10.15.3.20",
            "ü2aa0000001",
            "vm-7",
            &long_identifier,
            &long_address,
        ] {
            assert_eq!(text.parse::<ClientKey>(), Err(InvalidClient), "{text}");
        }
    }
}
