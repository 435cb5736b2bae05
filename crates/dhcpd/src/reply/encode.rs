//! From fixed fields and chosen options to bytes (RFC 2131 §2, table 3; RFC 2132 §9.10).

use super::Body;
use super::options::{EncodedOption, Selection};
use crate::codec::Packet;
use crate::limits::{
    IP_UDP_HEADER_BYTES, MAX_MAX_MESSAGE_SIZE, MIN_MAX_MESSAGE_SIZE, MIN_REPLY_BYTES,
};
use dhcproto::Encodable;
use dhcproto::v4::{Flags, HType, Message, Opcode};
use std::net::Ipv4Addr;

const END: u8 = 255;
/// The broadcast flag (RFC 2131 §2, figure 2).
const BROADCAST: u16 = 0x8000;

/// A reply that cannot be put into bytes: the configuration holds something DHCP cannot say.
#[derive(Debug, thiserror::Error)]
pub enum NotEncodable {
    /// An option.
    #[error("encoding an option")]
    Option(#[source] dhcproto::error::EncodeError),
    /// The fixed fields.
    #[error("encoding the fixed fields")]
    FixedFields(#[source] dhcproto::error::EncodeError),
}

pub(super) struct Encoded {
    pub bytes: Vec<u8>,
    pub options_left_out: u32,
}

/// Puts a reply together.
pub(super) fn message(
    packet: &Packet,
    body: &Body,
    selection: Selection,
    link_mtu: u16,
) -> Result<Encoded, NotEncodable> {
    let mut bytes = fixed_fields(packet, body)
        .to_vec()
        .map_err(NotEncodable::FixedFields)?;
    let room = size_limit(packet, link_mtu).saturating_sub(bytes.len() + 1);
    let (kept, unfit) = fit(selection.options, room);
    for option in kept {
        bytes.extend(option.bytes);
    }
    bytes.push(END);
    let padded = bytes.len().max(MIN_REPLY_BYTES);
    bytes.resize(padded, 0);
    Ok(Encoded {
        bytes,
        options_left_out: unfit + selection.left_out,
    })
}

/// The fixed fields and the magic cookie, by table 3. `siaddr` stays 0: there is no next server.
fn fixed_fields(packet: &Packet, body: &Body) -> Message {
    let ciaddr = match body {
        Body::Ack(_) | Body::InformAck => packet.ciaddr,
        Body::Offer { .. } | Body::Nak(_) => Ipv4Addr::UNSPECIFIED,
    };
    let yiaddr = body.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
    let mut message = Message::new_with_id(
        packet.xid,
        ciaddr,
        yiaddr,
        Ipv4Addr::UNSPECIFIED,
        packet.giaddr,
        packet.hardware.bytes(),
    );
    message
        .set_opcode(Opcode::BootReply)
        .set_htype(HType::from(packet.hardware.htype()))
        .set_flags(Flags::new(if broadcasts(packet, body) {
            BROADCAST
        } else {
            0
        }));
    message
}

/// The client's flag; and on a relayed NAK always, so that the relay broadcasts it to a client
/// that may have no address (RFC 2131 §4.3.2).
fn broadcasts(packet: &Packet, body: &Body) -> bool {
    packet.broadcast || (matches!(body, Body::Nak(_)) && packet.is_relayed())
}

/// The longest message that the client accepts and the link carries: option 57 counts the IP and UDP
/// headers, and is never taken to mean less than every client must accept. It may say more than the link
/// carries (1500 behind a VXLAN's 1450): what is longer would never leave.
fn size_limit(packet: &Packet, link_mtu: u16) -> usize {
    let datagram = packet
        .max_message_size
        .unwrap_or(MIN_MAX_MESSAGE_SIZE)
        .clamp(MIN_MAX_MESSAGE_SIZE, MAX_MAX_MESSAGE_SIZE)
        .min(link_mtu);
    usize::from(datagram)
        .saturating_sub(IP_UDP_HEADER_BYTES)
        .max(MIN_REPLY_BYTES)
}

/// Leaves out the least needed options, the last first, until the rest fits.
fn fit(mut options: Vec<EncodedOption>, room: usize) -> (Vec<EncodedOption>, u32) {
    let mut left_out = 0;
    while options
        .iter()
        .map(|option| option.bytes.len())
        .sum::<usize>()
        > room
    {
        let candidates = options.iter().enumerate().rev();
        let Some((place, _)) = candidates.min_by_key(|(_, option)| option.need) else {
            break;
        };
        options.remove(place);
        left_out += 1;
    }
    (options, left_out)
}
