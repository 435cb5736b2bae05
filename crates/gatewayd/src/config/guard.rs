//! What of this node's host is open and closed to clients (S12).

use super::options::Options;
use super::parse::{self, Parsed};
use super::settings::{ConfigError, optional};
use ipam::Protocol;
use natd::Guard;
use natd::context::Port;
use std::collections::BTreeSet;
use std::net::SocketAddr;

const OPENED: &str = "GATEWAY_CLIENT_INPUT_ALLOW";

/// The ports of both kinds. What is protected cannot be opened.
pub(super) fn resolve(
    options: &Options,
    peer_listen: SocketAddr,
    peer_address: &str,
    admin_listen: SocketAddr,
) -> Result<Guard, ConfigError> {
    let announced = peer_address.rsplit_once(':').map(|(_, port)| port.parse());
    let own = [peer_listen.port(), admin_listen.port()];
    let mut guard = Guard::protecting(own.into_iter().chain(announced.and_then(Result::ok)));
    let more = optional("GATEWAY_PROTECTED_PORTS", &options.protected_ports, ports)?;
    guard.protected.extend(more.into_iter().flatten());
    let opened = optional(OPENED, &options.client_input_allow, |text| {
        let opened = ports(text)?;
        match opened.intersection(&guard.protected).next() {
            Some((protocol, port)) => Err(format!(
                "{}/{port} is a port of peers, operators or overlays, which clients never reach: leave it out",
                protocol.name()
            )),
            None => Ok(opened),
        }
    })?;
    guard.opened = opened.unwrap_or_default();
    Ok(guard)
}

fn ports(text: &str) -> Parsed<BTreeSet<Port>> {
    Ok(parse::items(text, port)?.into_iter().collect())
}

/// `tcp/53`.
fn port(text: &str) -> Parsed<Port> {
    let expected = || "expected PROTOCOL/PORT such as tcp/53 or udp/53".to_owned();
    let (protocol, port) = text.split_once('/').ok_or_else(expected)?;
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return Err(expected()),
    };
    match port.parse() {
        Ok(0) | Err(_) => Err(expected()),
        Ok(port) => Ok((protocol, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(opened: &str, protected: &str) -> Result<Guard, String> {
        let options = Options {
            client_input_allow: Some(opened.to_owned()),
            protected_ports: Some(protected.to_owned()),
            ..Options::default()
        };
        let socket = |port| SocketAddr::from(([172, 31, 0, 1], port));
        resolve(&options, socket(7066), "gw1:7400", socket(7067)).map_err(|error| error.to_string())
    }

    #[test]
    fn ports_are_opened_unless_they_are_protected() {
        let found = guard("tcp/53, udp/53", "udp/51820");
        let found = found.unwrap_or_default();
        assert_eq!(
            found.opened,
            [(Protocol::Tcp, 53), (Protocol::Udp, 53)].into()
        );
        for port in [
            (Protocol::Tcp, 7066),
            (Protocol::Tcp, 7067),
            (Protocol::Tcp, 7400),
            (Protocol::Udp, 4789),
            (Protocol::Udp, 51820),
        ] {
            assert!(found.protected.contains(&port), "{port:?}");
        }
    }

    #[test]
    fn mistakes_name_the_key_and_the_item() {
        for (opened, protected) in [("53", ""), ("tcp/0", ""), ("sctp/1", ""), ("", "tcp/x")] {
            assert!(guard(opened, protected).is_err_and(|e| e.contains("expected PROTOCOL/PORT")));
        }
        let error = guard("tcp/7066", "").err().unwrap_or_default();
        assert!(
            error.contains(OPENED) && error.contains("never reach"),
            "{error}"
        );
    }
}
