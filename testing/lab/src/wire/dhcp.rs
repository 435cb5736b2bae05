//! DHCP messages as a client sends and reads them. The codec is dhcproto.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use dhcproto::v4::{DhcpOption, Flags, Message, MessageType, OptionCode, UnknownOption};
use dhcproto::{Decodable, Decoder, Encodable, Encoder};

use super::{MacAddr, UdpFrame};

/// The port that servers listen on.
pub const SERVER_PORT: u16 = 67;
/// The port that clients listen on.
pub const CLIENT_PORT: u16 = 68;
/// The fixed fields and the magic cookie.
const OPTIONS_OFFSET: usize = 240;
const OPTION_PAD: u8 = 0;
const OPTION_END: u8 = 255;

/// What clients ask for: mask, router, name servers, domain, lease time.
const PARAMETERS: [OptionCode; 5] = [
    OptionCode::SubnetMask,
    OptionCode::Router,
    OptionCode::DomainNameServer,
    OptionCode::DomainName,
    OptionCode::AddressLeaseTime,
];

/// The start of every message of a client: type, identity, transaction.
pub fn client_message(kind: MessageType, mac: MacAddr, xid: u32, broadcast: bool) -> Message {
    let mut message = Message::default();
    message.set_chaddr(&mac.0).set_xid(xid);
    if broadcast {
        message.set_flags(Flags::default().set_broadcast());
    }
    let options = message.opts_mut();
    options.insert(DhcpOption::MessageType(kind));
    options.insert(DhcpOption::ParameterRequestList(PARAMETERS.to_vec()));
    message
}

/// Adds an option by number and bytes.
pub fn insert_raw(message: &mut Message, code: u8, bytes: Vec<u8>) {
    let option = UnknownOption::new(OptionCode::from(code), bytes);
    message.opts_mut().insert(DhcpOption::Unknown(option));
}

/// The message's bytes.
pub fn encode(message: &Message) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    message
        .encode(&mut Encoder::new(&mut bytes))
        .context("encoding a DHCP message")?;
    Ok(bytes)
}

/// A message read back; `None` if it is not DHCP or not from a server.
pub fn decode_reply(payload: &[u8]) -> Option<Message> {
    let message = Message::decode(&mut Decoder::new(payload)).ok()?;
    (message.opcode() == dhcproto::v4::Opcode::BootReply).then_some(message)
}

/// The message type (option 53).
pub fn message_type(message: &Message) -> Option<MessageType> {
    match message.opts().get(OptionCode::MessageType)? {
        DhcpOption::MessageType(kind) => Some(*kind),
        _ => None,
    }
}

/// The server identifier (option 54).
pub fn server_id(message: &Message) -> Option<Ipv4Addr> {
    match message.opts().get(OptionCode::ServerIdentifier)? {
        DhcpOption::ServerIdentifier(address) => Some(*address),
        _ => None,
    }
}

/// The lease time in seconds (option 51).
pub fn lease_time(message: &Message) -> Option<u32> {
    match message.opts().get(OptionCode::AddressLeaseTime)? {
        DhcpOption::AddressLeaseTime(seconds) => Some(*seconds),
        _ => None,
    }
}

/// The options as they stand in the packet: number to bytes, repeated ones joined (RFC 3396).
///
/// Reads the bytes itself, to see also what the codec would drop. `None` if they are cut short.
pub fn raw_options(payload: &[u8]) -> Option<BTreeMap<u8, Vec<u8>>> {
    let mut options: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let is_whole = each_option(payload, |code, value| {
        options.entry(code).or_default().extend_from_slice(value);
    });
    is_whole.map(|()| options)
}

/// The options' numbers in the order in which they stand, as far as they can be read.
pub fn option_order(payload: &[u8]) -> Vec<u8> {
    let mut order = Vec::new();
    // What is cut short is told by `raw_options`.
    let _ = each_option(payload, |code, _| order.push(code));
    order
}

/// `None` if they are cut short.
fn each_option(payload: &[u8], mut seen: impl FnMut(u8, &[u8])) -> Option<()> {
    let mut rest = payload.get(OPTIONS_OFFSET..)?;
    loop {
        let (&code, after) = rest.split_first()?;
        match code {
            OPTION_END => return Some(()),
            OPTION_PAD => rest = after,
            _ => {
                let (&length, after) = after.split_first()?;
                let (value, after) = after.split_at_checked(usize::from(length))?;
                seen(code, value);
                rest = after;
            }
        }
    }
}

/// The frame of a client without an address: from 0.0.0.0 to everybody.
pub fn broadcast_frame(mac: MacAddr, payload: &[u8]) -> Result<Vec<u8>> {
    UdpFrame {
        src_mac: mac,
        dst_mac: MacAddr::BROADCAST,
        src_ip: Ipv4Addr::UNSPECIFIED,
        dst_ip: Ipv4Addr::BROADCAST,
        src_port: CLIENT_PORT,
        dst_port: SERVER_PORT,
        payload,
    }
    .encode()
    .context("a payload larger than a datagram")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_encoding() {
        let mac = MacAddr([2, 0, 0, 0, 0, 9]);
        let mut message = client_message(MessageType::Discover, mac, 77, true);
        insert_raw(&mut message, 61, vec![1, 2, 3]);
        let bytes = encode(&message).expect("encodes");
        let options = raw_options(&bytes).expect("whole options");
        assert_eq!(options.get(&53), Some(&vec![1]));
        assert_eq!(options.get(&61), Some(&vec![1, 2, 3]));
        assert_eq!(&bytes[28..34], &mac.0);
        assert_eq!(bytes[10] & 0x80, 0x80, "the broadcast flag");
    }
}
