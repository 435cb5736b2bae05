//! Replies: which options go in, in which order, and the bytes. Pure.
//!
//! * **What flows in.** The client's [`Packet`], the subnet's configuration, this node's server
//!   identifier, and a [`Body`] that says what is being told.
//! * **What flows out.** A [`Reply`]: a message type, a destination, bytes that fit what the client
//!   accepts, and how many options had to be left out for that.
//! * **What it is not.** A decision: a [`Body::Ack`] is made by [`crate::Transaction`] from a
//!   [`ipam::Granted`] only.

mod encode;
mod host_name;
mod options;

pub use encode::NotEncodable;

use crate::addressing::{Destination, destination, nak_destination};
use crate::codec::Packet;
use crate::labels::labelled;
use ipam::{Granted, LeaseRefusal, Span, SubnetConfig};
use std::net::Ipv4Addr;

labelled! {
    /// The messages that a server sends (RFC 2132 §9.6).
    pub enum ReplyType {
        /// 2.
        Offer => "offer",
        /// 5.
        Ack => "ack",
        /// 6.
        Nak => "nak",
    }
}

/// What is told to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An address is held for it.
    Offer {
        /// `yiaddr`.
        address: Ipv4Addr,
        /// Option 51.
        lease_time: Span,
    },
    /// An address is its own. Only a committed grant makes one (S2).
    Ack(Granted),
    /// The subnet's parameters, to a client that has an address (RFC 2131 §4.3.5): no lease.
    InformAck,
    /// What it asked for is not to be had (S6).
    Nak(LeaseRefusal),
}

/// A reply, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What it tells.
    pub body: Body,
    /// Where to.
    pub destination: Destination,
    /// The UDP payload.
    pub bytes: Vec<u8>,
    /// Options left out because the client accepts no longer message.
    pub options_left_out: u32,
}

impl Body {
    /// Option 53.
    #[must_use]
    pub const fn reply_type(&self) -> ReplyType {
        match self {
            Self::Offer { .. } => ReplyType::Offer,
            Self::Ack(_) | Self::InformAck => ReplyType::Ack,
            Self::Nak(_) => ReplyType::Nak,
        }
    }

    /// `yiaddr`, if any.
    #[must_use]
    pub const fn address(&self) -> Option<Ipv4Addr> {
        match self {
            Self::Offer { address, .. } => Some(*address),
            Self::Ack(granted) => Some(granted.address),
            Self::InformAck | Self::Nak(_) => None,
        }
    }

    /// Option 51, if any.
    const fn lease_time(&self) -> Option<Span> {
        match self {
            Self::Offer { lease_time, .. } => Some(*lease_time),
            Self::Ack(granted) => Some(granted.lease_time),
            Self::InformAck | Self::Nak(_) => None,
        }
    }
}

/// Builds the reply that tells `body` to the client that sent `packet`, over a link that carries IP
/// datagrams of at most `link_mtu` bytes.
pub fn build(
    packet: &Packet,
    body: &Body,
    config: &SubnetConfig,
    server_identifier: Ipv4Addr,
    link_mtu: u16,
) -> Result<Reply, NotEncodable> {
    let options = options::select(packet, body, config, server_identifier)?;
    let encoded = encode::message(packet, body, options, link_mtu)?;
    let destination = match body {
        Body::Nak(_) => nak_destination(packet),
        _ => destination(packet, body.address()),
    };
    Ok(Reply {
        body: body.clone(),
        destination,
        bytes: encoded.bytes,
        options_left_out: encoded.options_left_out,
    })
}

#[cfg(test)]
mod tests;
