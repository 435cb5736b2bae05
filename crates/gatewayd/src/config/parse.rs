//! Text to values. Each parser says what would have been right.

use ipam::{AddressRange, IdentityPolicy, Ipv4Network, MAX_SNAT_ADDRESSES, SnatPool, SourceNat};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// A value, or what was expected instead.
pub(super) type Parsed<T> = Result<T, String>;

pub(super) fn from_str<T: FromStr>(text: &str, expected: &str) -> Parsed<T> {
    text.trim()
        .parse()
        .map_err(|_| format!("expected {expected}"))
}

pub(super) fn address(text: &str) -> Parsed<Ipv4Addr> {
    from_str(text, "an IPv4 address such as 10.15.3.10")
}

/// A prefix length, from `24`, `/24` or `255.255.255.0`.
pub(super) fn mask(text: &str) -> Parsed<u8> {
    let text = text.trim().trim_start_matches('/');
    if let Ok(prefix) = text.parse::<u8>() {
        return if prefix <= 32 {
            Ok(prefix)
        } else {
            Err("a prefix length is at most 32".to_owned())
        };
    }
    let bits = address(text)
        .map_err(|_| {
            "expected a mask such as 255.255.255.0 or a prefix length such as 24".to_owned()
        })?
        .to_bits();
    let prefix = bits.leading_ones();
    if bits.count_ones() != prefix {
        return Err("the mask has holes: its ones must all come before its zeros".to_owned());
    }
    u8::try_from(prefix).map_err(|error| error.to_string())
}

pub(super) fn network(text: &str) -> Parsed<Ipv4Network> {
    let (address_text, prefix) = text.split_once('/').ok_or("expected ADDRESS/PREFIX")?;
    Ipv4Network::new(address(address_text)?, mask(prefix)?).map_err(|error| error.to_string())
}

/// Comma- or space-separated items; none is fine.
pub(super) fn items<T>(text: &str, item: impl Fn(&str) -> Parsed<T>) -> Parsed<Vec<T>> {
    let items = text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|item| !item.is_empty());
    items
        .map(|text| item(text).map_err(|reason| format!("{text:?}: {reason}")))
        .collect()
}

/// `10.15.3.30` or `10.15.3.30-10.15.3.39`.
pub(super) fn range(text: &str) -> Parsed<AddressRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    AddressRange::new(address(first)?, address(last)?).map_err(|error| error.to_string())
}

/// `10.0.0.0/8=10.15.3.2`.
pub(super) fn route(text: &str) -> Parsed<(Ipv4Network, Ipv4Addr)> {
    let (to, via) = text
        .split_once('=')
        .ok_or("expected NETWORK/PREFIX=ROUTER")?;
    Ok((network(to)?, address(via)?))
}

/// `66=6e657462`.
pub(super) fn option(text: &str) -> Parsed<(u8, Vec<u8>)> {
    let (code, payload) = text.split_once('=').ok_or("expected CODE=HEX")?;
    Ok((
        from_str(code, "an option code from 1 to 254")?,
        hex(payload)?,
    ))
}

pub(super) fn options(text: &str) -> Parsed<BTreeMap<u8, Vec<u8>>> {
    let mut options = BTreeMap::new();
    for (code, payload) in items(text, option)? {
        if options.insert(code, payload).is_some() {
            return Err(format!("option {code} is given twice"));
        }
    }
    Ok(options)
}

pub(super) fn identity(text: &str) -> Parsed<IdentityPolicy> {
    match text.trim() {
        "hardware-address" => Ok(IdentityPolicy::HardwareAddress),
        "client-identifier" => Ok(IdentityPolicy::ClientIdentifier),
        _ => Err("expected hardware-address or client-identifier".to_owned()),
    }
}

pub(super) fn source_nat(text: &str) -> Parsed<Option<SourceNat>> {
    match text.trim() {
        "masquerade" => Ok(Some(SourceNat::Masquerade)),
        "off" => Ok(None),
        other => match other.strip_prefix("snat:") {
            Some(to) => snat(to).map(Some),
            None => Err("expected masquerade, off, or snat:ADDRESS[,ADDRESS…]".to_owned()),
        },
    }
}

pub(super) fn yes_or_no(text: &str) -> Parsed<bool> {
    match text.trim() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

/// `address:port` on the loopback: there, whoever reaches the port is on this host already.
pub(super) fn loopback_socket(text: &str) -> Parsed<SocketAddr> {
    let socket: SocketAddr = from_str(text, "ADDRESS:PORT such as 127.0.0.1:7067")?;
    if socket.ip().to_canonical().is_loopback() {
        return Ok(socket);
    }
    Err(
        "the admin port has no TLS yet, and whoever reaches it can change everything: listen on the \
         loopback, such as 127.0.0.1:7067, and reach it from elsewhere by \
         `ssh -L 7067:127.0.0.1:7067 HOST`"
            .to_owned(),
    )
}

/// One address, or a pool of which each node uses the first that its host has.
fn snat(text: &str) -> Parsed<SourceNat> {
    match items(text, address)?[..] {
        [address] => Ok(SourceNat::Snat(address)),
        ref addresses => SnatPool::new(addresses)
            .map(SourceNat::SnatPool)
            .ok_or_else(|| format!("expected 1 to {MAX_SNAT_ADDRESSES} addresses after snat:")),
    }
}

/// `host:port`; the host is not looked up here.
pub(super) fn host_port(text: &str) -> Parsed<String> {
    let text = text.trim();
    let expected = || "expected HOST:PORT such as 172.31.0.1:7066".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(expected)?;
    let port: u16 = port.parse().map_err(|_| expected())?;
    if host.is_empty() || port == 0 {
        return Err(expected());
    }
    Ok(text.to_owned())
}

fn hex(text: &str) -> Parsed<Vec<u8>> {
    let expected = || "expected an even number of hexadecimal digits".to_owned();
    if !text.is_ascii() || text.is_empty() || !text.len().is_multiple_of(2) {
        return Err(expected());
    }
    let byte =
        |start: usize| u8::from_str_radix(&text[start..start + 2], 16).map_err(|_| expected());
    (0..text.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_dotted_or_a_prefix_length() {
        for text in ["24", "/24", "255.255.255.0"] {
            assert_eq!(mask(text), Ok(24), "{text}");
        }
        for text in ["33", "255.0.255.0", "wide", ""] {
            assert!(mask(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_name_the_item_that_is_wrong() {
        assert_eq!(
            items("10.0.0.1, 10.0.0.2", address).map(|list| list.len()),
            Ok(2)
        );
        assert!(items("10.0.0.1,x", address).is_err_and(|reason| reason.contains("\"x\"")));
    }

    #[test]
    fn options_are_hexadecimal_and_unique() {
        assert_eq!(
            options("66=6e6574").map(|o| o[&66].clone()),
            Ok(b"net".to_vec())
        );
        assert!(options("66=6e,66=6e").is_err());
        assert!(options("66=6").is_err());
    }
}
