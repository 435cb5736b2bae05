//! `HOST:PORT`, as operators name a node.

use std::fmt;
use std::str::FromStr;

/// A host (name, IPv4 address or IPv6 address in brackets) and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAddress(String);

/// Why a text names no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNodeAddress {
    /// It is a URL.
    #[error("leave out the scheme: HOST:PORT, for example 127.0.0.1:7067")]
    Scheme,
    /// There is no port, or it is not one.
    #[error("it needs a port from 1 to 65535: HOST:PORT, for example 127.0.0.1:7067")]
    Port,
    /// The host is missing or holds what no host does.
    #[error("the host must be a name, an IPv4 address or an IPv6 address in brackets")]
    Host,
}

impl NodeAddress {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for NodeAddress {
    type Err = InvalidNodeAddress;

    fn from_str(text: &str) -> Result<Self, InvalidNodeAddress> {
        if text.contains("://") {
            return Err(InvalidNodeAddress::Scheme);
        }
        let (host, port) = text.rsplit_once(':').ok_or(InvalidNodeAddress::Port)?;
        match port.parse::<u16>() {
            Ok(port) if port > 0 => {}
            _ => return Err(InvalidNodeAddress::Port),
        }
        if is_host(host) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidNodeAddress::Host)
        }
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_pass() {
        for text in ["127.0.0.1:7067", "node-1.example:1", "[::1]:65535"] {
            assert_eq!(
                text.parse::<NodeAddress>().map(|node| node.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, error) in [
            ("http://127.0.0.1:7067", InvalidNodeAddress::Scheme),
            ("127.0.0.1", InvalidNodeAddress::Port),
            ("127.0.0.1:0", InvalidNodeAddress::Port),
            ("127.0.0.1:65536", InvalidNodeAddress::Port),
            (":7067", InvalidNodeAddress::Host),
            ("::1:7067", InvalidNodeAddress::Host),
            ("[nowhere]:7067", InvalidNodeAddress::Host),
            ("a/b:7067", InvalidNodeAddress::Host),
        ] {
            assert_eq!(text.parse::<NodeAddress>(), Err(error), "{text}");
        }
    }
}
