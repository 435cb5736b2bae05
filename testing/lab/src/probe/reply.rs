//! A server's reply, taken apart.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::{MacAddr, UdpFrame, dhcp};

/// What one reply said, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Milliseconds from the message to this reply.
    pub after_ms: u64,
    /// OFFER, ACK or NAK, as dhcproto calls it.
    pub message_type: String,
    /// Transaction id.
    pub xid: u32,
    /// The address given or offered.
    pub yiaddr: Ipv4Addr,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
    /// Option 51, in seconds.
    pub lease_seconds: Option<u32>,
    /// Option 3.
    pub routers: Vec<Ipv4Addr>,
    /// Whether the broadcast flag came back.
    pub broadcast_flag: bool,
    /// Ethernet source: which node sent it, whatever it claims.
    pub eth_source: MacAddr,
    /// Ethernet destination.
    pub eth_destination: MacAddr,
    /// IPv4 source.
    pub ip_source: Ipv4Addr,
    /// IPv4 destination.
    pub ip_destination: Ipv4Addr,
    /// All options, number to hexadecimal.
    pub options: BTreeMap<u8, String>,
    /// The options' numbers in the order in which they stand.
    pub order: Vec<u8>,
    /// Whether the options end with an END as they must.
    pub well_formed: bool,
}

impl Reply {
    pub(crate) fn read(datagram: &UdpFrame<'_>, after: Duration) -> Option<Self> {
        let message = dhcp::decode_reply(datagram.payload)?;
        let options = dhcp::raw_options(datagram.payload);
        let well_formed = options.is_some();
        let options = options.unwrap_or_default();
        Some(Self {
            // The window is seconds long; the cast cannot cut anything off.
            after_ms: after.as_millis() as u64,
            message_type: dhcp::message_type(&message).map_or_else(
                || "none".to_owned(),
                |kind| format!("{kind:?}").to_uppercase(),
            ),
            xid: message.xid(),
            yiaddr: message.yiaddr(),
            server_id: dhcp::server_id(&message),
            lease_seconds: dhcp::lease_time(&message),
            routers: options.get(&3).map(|b| addresses(b)).unwrap_or_default(),
            broadcast_flag: message.flags().broadcast(),
            eth_source: datagram.src_mac,
            eth_destination: datagram.dst_mac,
            ip_source: datagram.src_ip,
            ip_destination: datagram.dst_ip,
            options: options
                .iter()
                .map(|(code, bytes)| (*code, hexadecimal(bytes)))
                .collect(),
            order: dhcp::option_order(datagram.payload),
            well_formed,
        })
    }

    /// Whether it is an OFFER.
    pub fn is_offer(&self) -> bool {
        self.message_type == "OFFER"
    }

    /// Whether it is an ACK.
    pub fn is_ack(&self) -> bool {
        self.message_type == "ACK"
    }

    /// Whether it is a NAK.
    pub fn is_nak(&self) -> bool {
        self.message_type == "NAK"
    }
}

fn addresses(bytes: &[u8]) -> Vec<Ipv4Addr> {
    let (quads, _) = bytes.as_chunks::<4>();
    quads.iter().map(|quad| Ipv4Addr::from(*quad)).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
