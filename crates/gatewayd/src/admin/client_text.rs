//! How operators write a client: as `lease list` prints it, or in any common notation.

use ipam::{ClientIdentifier, ClientKey, HardwareAddress};
use tonic::Status;

/// A hardware address (`02:aa:00:00:00:01`, `02-AA-00-00-00-01`, `02aa.0000.0001`, `02aa00000001`; another
/// type than Ethernet in brackets before it: `[6]02:aa:00:00:00:01`), or `id:` and a client identifier.
pub fn parse_client(text: &str) -> Result<ClientKey, Status> {
    let expected = || {
        Status::invalid_argument(format!(
            "client {text:?}: expected a hardware address such as 02:aa:00:00:00:01, \
             or id: and a client identifier such as id:ff:00:01"
        ))
    };
    read(text.trim()).ok_or_else(expected)
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
    if htype == HardwareAddress::ETHERNET && bytes.len() != 6 {
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

    #[test]
    fn a_client_is_read_as_it_is_written() -> Result<(), Status> {
        for text in ["02:aa:00:00:00:01", "id:ff:00:01", "[6]02:aa:00:00:00:01"] {
            assert_eq!(parse_client(text)?.to_string(), text);
        }
        Ok(())
    }

    #[test]
    fn every_common_notation_is_the_same_client() -> Result<(), Status> {
        for text in [
            "02aa00000001",
            "02AA00000001",
            "02-AA-00-00-00-01",
            "02aa.0000.0001",
            "2:aa:0:0:0:1",
            "[1]02:aa:00:00:00:01",
            " 02:aa:00:00:00:01 ",
        ] {
            assert_eq!(
                parse_client(text)?.to_string(),
                "02:aa:00:00:00:01",
                "{text}"
            );
        }
        assert_eq!(parse_client("id:ff0001")?.to_string(), "id:ff:00:01");
        assert_eq!(parse_client("[32]0102")?.to_string(), "[32]01:02");
        Ok(())
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "02:aa",
            "id:",
            "[6]",
            "[]02:aa",
            "[256]02",
            "02:aa:00:00:00:0g",
            "+2:aa:00:00:00:01",
            "02:aa-00:00:00:01",
            "02aa0000000",
            "02aa.0000.001",
            "10.15.3.20",
            "ü2aa0000001",
        ] {
            assert!(parse_client(text).is_err(), "{text}");
        }
    }
}
