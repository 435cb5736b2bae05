//! `gatewayctl forward …`.

use std::net::Ipv4Addr;
use std::str::FromStr;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use ipam::{ClientKey, DEFAULT_SUBNET, Forward, ForwardKey, ForwardTarget, Protocol};
use serde::Serialize;

use super::{Asked, Columns, Listed, Noun};
use crate::failure::Failure;
use crate::render::{Column, plain};

const ADD_EXAMPLES: &str = "\
Refused are ports that a host of the cluster uses, and targets that are no client's own. --force passes
for ssh, other programs of the hosts, and leased addresses; never for what the cluster needs itself.

Examples:
  gatewayctl forward add tcp 2222 --to 10.15.3.20:22
  gatewayctl forward add udp 5353 --to 10.15.3.20
  gatewayctl forward add tcp 8080 --to-client 02:aa:00:00:00:01 --target-port 80";

/// What can be done with port forwards.
#[derive(Debug, Subcommand)]
pub enum ForwardVerbs {
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
    Remove(PortArguments),
}

/// What names a forward: no port is forwarded twice.
#[derive(Clone, Debug, Args)]
pub struct PortArguments {
    /// tcp or udp
    #[arg(value_name = "PROTO", hide_possible_values = true)]
    protocol: ProtocolName,
    /// The port on the uplink
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

/// A new forward.
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("target").required(true).args(["to", "to_client"])))]
pub struct ForwardAdd {
    #[command(flatten)]
    key: PortArguments,
    /// To this address; its port is PORT unless given
    #[arg(long, value_name = "IP[:PORT]", conflicts_with = "target_port")]
    to: Option<AddressAndPort>,
    /// To this client, wherever its lease is
    #[arg(long, value_name = "CLIENT")]
    to_client: Option<ClientKey>,
    /// The client's port [default: PORT]
    #[arg(long, value_name = "N", requires = "to_client", value_parser = clap::value_parser!(u16).range(1..))]
    target_port: Option<u16>,
    /// Do it although a host uses the port, or the address is another client's lease
    #[arg(long)]
    force: bool,
}

/// A transport protocol, as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProtocolName {
    Tcp,
    Udp,
}

/// `IP` or `IP:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AddressAndPort {
    address: Ipv4Addr,
    port: Option<u16>,
}

/// The text is no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an IPv4 address, with or without a port from 1 to 65535: 10.15.3.20:22")]
struct InvalidTarget;

/// One forward; either `address` or `client` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForwardView {
    /// tcp or udp.
    pub protocol: &'static str,
    /// The port on the uplink.
    pub port: u16,
    /// The address it leads to.
    pub address: Option<String>,
    /// The client it leads to, wherever its lease is.
    pub client: Option<String>,
    /// The port there.
    pub target_port: u16,
    /// Where it leads now; null while the client has no lease.
    pub resolved: Option<String>,
}

impl Noun for Forward {
    const NOUN: &'static str = "forward";
    const ABOUT: &'static str = "Port forwards from the uplink to an address or a client";
    const NONE: &'static str = "No port is forwarded.";
    const COLUMNS: Columns<Self> = &[
        (Column::Left("PROTO"), |listed| {
            listed.object.key.protocol.name().to_owned()
        }),
        (Column::Right("PORT"), |listed| {
            listed.object.key.port.to_string()
        }),
        (Column::Left("TO"), |listed| listed.object.to_string()),
        (Column::Left("TARGET NOW"), |listed| {
            let now = listed.now.as_deref();
            now.map_or_else(|| nowhere(&listed.object).to_owned(), plain)
        }),
    ];

    type Verbs = ForwardVerbs;
    type View = ForwardView;

    fn asked(verb: &ForwardVerbs) -> Result<Asked, Failure> {
        match verb {
            ForwardVerbs::Add(add) => {
                let forward = add.forward()?;
                let key = spoken(forward.key);
                let doing = format!("forwarding {key} to {forward}");
                let done = format!("Forwarded {key} to {forward}.");
                Ok(Asked::create(forward, doing, done).with_force(add.force))
            }
            ForwardVerbs::List => Ok(Asked::List),
            ForwardVerbs::Remove(arguments) => {
                let key = arguments.key();
                let port = spoken(key);
                let doing = format!("removing the forward of {port}");
                let done = format!("Removed the forward of {port}.");
                Ok(Asked::delete::<Self>(key, doing, done))
            }
        }
    }

    fn view(listed: &Listed<Self>) -> ForwardView {
        let forward = &listed.object;
        let (address, client) = match &forward.target {
            ForwardTarget::Address(address) => (Some(address.to_string()), None),
            ForwardTarget::Client { client, .. } => (None, Some(client.to_string())),
        };
        ForwardView {
            protocol: forward.key.protocol.name(),
            port: forward.key.port,
            address,
            client,
            target_port: forward.target_port,
            resolved: listed.now.clone(),
        }
    }
}

impl ForwardAdd {
    fn forward(&self) -> Result<Forward, Failure> {
        let key = self.key.key();
        let (target, port) = match (self.to, &self.to_client) {
            (Some(to), _) => (ForwardTarget::Address(to.address), to.port),
            (None, Some(client)) => {
                let subnet = DEFAULT_SUBNET;
                let client = client.clone();
                let target = ForwardTarget::Client { subnet, client };
                (target, self.target_port)
            }
            // The command line demands one of the two.
            (None, None) => {
                let doing = format!("forwarding {}", spoken(key));
                return Err(Failure::usage(doing, "expected --to or --to-client"));
            }
        };
        Ok(Forward {
            key,
            target,
            target_port: port.unwrap_or(key.port),
        })
    }
}

impl PortArguments {
    fn key(&self) -> ForwardKey {
        ForwardKey {
            protocol: match self.protocol {
                ProtocolName::Tcp => Protocol::Tcp,
                ProtocolName::Udp => Protocol::Udp,
            },
            port: self.port,
        }
    }
}

/// A forward's key within a sentence.
fn spoken(key: ForwardKey) -> String {
    format!("{} port {}", key.protocol.name(), key.port)
}

/// Why nobody gets the traffic.
const fn nowhere(forward: &Forward) -> &'static str {
    match forward.target {
        ForwardTarget::Client { .. } => "nowhere: no lease",
        ForwardTarget::Address(_) => "nowhere: it is a host's address",
    }
}

impl FromStr for AddressAndPort {
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
        let target = |port| Ok(AddressAndPort { address, port });
        assert_eq!("10.15.3.20".parse(), target(None));
        assert_eq!("10.15.3.20:22".parse(), target(Some(22)));
        for text in [
            "",
            "10.15.3",
            "10.15.3.20:",
            "10.15.3.20:0",
            "10.15.3.20:65536",
            "vm:22",
        ] {
            assert_eq!(text.parse::<AddressAndPort>(), Err(InvalidTarget), "{text}");
        }
    }
}
