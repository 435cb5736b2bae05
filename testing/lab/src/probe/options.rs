//! What message to send. Also the command line of the subcommand.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::wire::MacAddr;

/// The messages a client may send (RFC 2131 §4.3), REQUEST once per state it is sent from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MessageKind {
    /// DISCOVER.
    Discover,
    /// REQUEST that takes an offer.
    RequestSelecting,
    /// REQUEST after a reboot, with a remembered address.
    RequestInitReboot,
    /// REQUEST by unicast to the server of the lease.
    Renew,
    /// REQUEST by broadcast to any server.
    Rebind,
    /// RELEASE.
    Release,
    /// DECLINE.
    Decline,
    /// INFORM.
    Inform,
}

impl MessageKind {
    /// Whether the client has no address once this is sent.
    pub fn gives_up(self) -> bool {
        matches!(self, Self::Release | Self::Decline)
    }
}

/// Some bytes, written in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl std::str::FromStr for Hex {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        ensure!(text.is_ascii(), "{text:?} is not hexadecimal");
        ensure!(text.len().is_multiple_of(2), "an odd number of digits");
        let bytes = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16))
            .collect::<Result<_, _>>()
            .with_context(|| format!("{text:?} is not hexadecimal"))?;
        Ok(Self(bytes))
    }
}

/// A message to order.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ProbeOptions {
    /// Kind of message
    #[arg(value_enum, default_value = "discover")]
    pub kind: MessageKind,
    /// Interface to send on
    #[arg(long, default_value = "eth0")]
    pub interface: String,
    /// Hardware address to send as
    #[arg(long, default_value = "02:cc:00:00:00:01")]
    pub mac: MacAddr,
    /// Transaction id
    #[arg(long, default_value_t = 0x1ab0_0001)]
    pub xid: u32,
    /// Set the broadcast flag
    #[arg(long)]
    pub broadcast: bool,
    /// The client's own address (ciaddr)
    #[arg(long)]
    pub ciaddr: Option<Ipv4Addr>,
    /// IP address to send from, if not ciaddr
    #[arg(long)]
    pub source: Option<Ipv4Addr>,
    /// Requested address (option 50)
    #[arg(long)]
    pub requested: Option<Ipv4Addr>,
    /// Server identifier (option 54); renew, release and inform are sent to it
    #[arg(long)]
    pub server: Option<Ipv4Addr>,
    /// Client identifier (option 61), hexadecimal
    #[arg(long)]
    pub client_id: Option<Hex>,
    /// Relay agent information (option 82), hexadecimal
    #[arg(long)]
    pub relay_info: Option<Hex>,
    /// Send these bytes instead of a message, hexadecimal
    #[arg(long)]
    pub payload: Option<Hex>,
    /// Milliseconds to listen
    #[arg(long, default_value_t = 1500)]
    pub window_ms: u64,
}

impl ProbeOptions {
    /// A message of `kind` from `mac`, everything else as by default.
    pub fn new(kind: MessageKind, mac: MacAddr) -> Self {
        Self {
            kind,
            interface: "eth0".to_owned(),
            mac,
            xid: 0x1ab0_0001,
            broadcast: false,
            ciaddr: None,
            source: None,
            requested: None,
            server: None,
            client_id: None,
            relay_info: None,
            payload: None,
            window_ms: 1500,
        }
    }

    /// The IP source address: the client's own, unless another was ordered.
    pub(super) fn source(&self) -> Ipv4Addr {
        let address = self.source.or(self.ciaddr);
        address.unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// Where the message goes if not to everybody.
    pub(super) fn unicast_server(&self) -> Option<Ipv4Addr> {
        match self.kind {
            MessageKind::Renew | MessageKind::Release => self.server,
            MessageKind::Inform => self.server,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal() {
        assert_eq!("00fF".parse::<Hex>().ok(), Some(Hex(vec![0, 255])));
        assert!("0".parse::<Hex>().is_err());
        assert!("zz".parse::<Hex>().is_err());
        assert!("éa".parse::<Hex>().is_err());
    }
}
