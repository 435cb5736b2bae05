//! `gatewayctl forward …`.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::Client;

const ADD_EXAMPLES: &str = "\
Refused are ports that a host of the cluster uses, and targets that are no client's own. --force passes
for ssh, other programs of the hosts, and leased addresses; never for what the cluster needs itself.

Examples:
  gatewayctl forward add tcp 2222 --to 10.15.3.20:22
  gatewayctl forward add udp 5353 --to 10.15.3.20
  gatewayctl forward add tcp 8080 --to-client 02:aa:00:00:00:01 --target-port 80";

/// What can be done with port forwards.
#[derive(Debug, Subcommand)]
pub enum ForwardCommand {
    /// Forward a port of the uplink to an address, or to a client wherever its lease is
    #[command(after_help = ADD_EXAMPLES)]
    Add(ForwardAdd),
    /// List the forwards and where they lead now
    #[command(
        after_help = "Examples:\n  gatewayctl forward list\n  gatewayctl forward list --json"
    )]
    List,
    /// Close a forwarded port
    #[command(after_help = "Example:\n  gatewayctl forward remove tcp 2222")]
    Remove(ForwardKey),
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

/// What names a forward: no port is forwarded twice.
#[derive(Clone, Debug, Args)]
pub struct ForwardKey {
    /// tcp or udp
    #[arg(value_name = "PROTO", hide_possible_values = true)]
    pub protocol: Protocol,
    /// The port on the uplink
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
}

/// A new forward.
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("target").required(true).args(["to", "to_client"])))]
pub struct ForwardAdd {
    /// Which port is forwarded.
    #[command(flatten)]
    pub key: ForwardKey,
    /// To this address; its port is PORT unless given
    #[arg(long, value_name = "IP[:PORT]", conflicts_with = "target_port")]
    pub to: Option<ForwardTarget>,
    /// To this client, wherever its lease is
    #[arg(long, value_name = "CLIENT")]
    pub to_client: Option<Client>,
    /// The client's port [default: PORT]
    #[arg(long, value_name = "N", requires = "to_client", value_parser = clap::value_parser!(u16).range(1..))]
    pub target_port: Option<u16>,
    /// Do it although a host uses the port, or the address is another client's lease
    #[arg(long)]
    pub force: bool,
}

/// `IP` or `IP:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardTarget {
    /// The address.
    pub address: Ipv4Addr,
    /// The port, where it differs.
    pub port: Option<u16>,
}

/// The text is no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an IPv4 address, with or without a port from 1 to 65535: 10.15.3.20:22")]
pub struct InvalidTarget;

impl Protocol {
    /// As the protocol writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for ForwardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} port {}", self.protocol.as_str(), self.port)
    }
}

impl FromStr for ForwardTarget {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let (address, port) = match text.split_once(':') {
            Some((address, port)) => (address, Some(nonzero(port)?)),
            None => (text, None),
        };
        let address = address.parse().map_err(|_| InvalidTarget)?;
        Ok(Self { address, port })
    }
}

fn nonzero(port: &str) -> Result<u16, InvalidTarget> {
    match port.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(InvalidTarget),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_an_address_and_perhaps_a_port() {
        let address = Ipv4Addr::new(10, 15, 3, 20);
        assert_eq!(
            "10.15.3.20".parse(),
            Ok(ForwardTarget {
                address,
                port: None
            })
        );
        assert_eq!(
            "10.15.3.20:22".parse(),
            Ok(ForwardTarget {
                address,
                port: Some(22)
            })
        );
        for text in [
            "",
            "10.15.3",
            "10.15.3.20:",
            "10.15.3.20:0",
            "10.15.3.20:65536",
            "vm:22",
        ] {
            assert_eq!(text.parse::<ForwardTarget>(), Err(InvalidTarget), "{text}");
        }
    }
}
