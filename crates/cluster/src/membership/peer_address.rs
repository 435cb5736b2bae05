//! What a peer address may look like, before it is written into the membership.
//!
//! Every member keeps it and refuses a membership with one that it does not take, so each door asks here
//! first (S12). Pure; nothing is looked up.

use ipam::budget::MAX_PEER_ADDRESS_BYTES;

/// `HOST:PORT`: a name, an IPv4 address or an IPv6 address in brackets, and a port from 1 to 65535 in
/// its shortest form. The error says what is wrong.
pub(crate) fn check(address: &str) -> Result<(), String> {
    let length = address.len();
    if length > MAX_PEER_ADDRESS_BYTES {
        return Err(format!(
            "the peer address has {length} bytes: at most {MAX_PEER_ADDRESS_BYTES} are accepted"
        ));
    }
    let wrong = || format!("{address:?} is no peer address: HOST:PORT is, such as 172.31.0.1:7066");
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let number: u16 = port.parse().map_err(|_| wrong())?;
    let is_shortest = number != 0 && number.to_string() == port;
    (is_shortest && is_host(host))
        .then_some(())
        .ok_or_else(wrong)
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !host.is_empty() && host.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port() {
        for taken in ["172.31.0.1:7066", "node-2.lan:1", "[fd00::1]:65535"] {
            assert_eq!(check(taken), Ok(()), "{taken}");
        }
        let zeros = format!("172.31.0.3:{}7066", "0".repeat(400));
        for refused in [
            "172.31.0.3:07066",
            "172.31.0.3:0",
            "172.31.0.3:65536",
            "172.31.0.3",
            ":7066",
            "fd00::1:7066",
            "a@172.31.0.3:7066",
            "a/b:7066",
            "[x]:7066",
            "a b:7066",
            "a:+80",
            &zeros,
        ] {
            assert!(check(refused).is_err(), "{refused}");
        }
        let long = format!("{}:7066", "a".repeat(MAX_PEER_ADDRESS_BYTES));
        assert!(check(&long).is_err_and(|reason| reason.contains("bytes")));
    }
}
