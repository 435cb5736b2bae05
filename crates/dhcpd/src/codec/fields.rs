//! From checked fixed fields and joined options to a [`Packet`].
//!
//! An option whose length RFC 2132 does not allow counts as absent; so does an invalid address. Real
//! clients send such options (`udhcpc -x` doubles one), and other servers answer them (ADR 0027): the
//! rest of the message is enough. Only a message without a message type is dropped.

use super::header::Header;
use super::options::OptionSet;
use super::{DropReason, MessageType, Packet};
use ipam::{ClientIdentifier, Hostname};
use std::net::Ipv4Addr;

/// Option codes that we read (RFC 2132; 82: RFC 3046; 118: RFC 3011).
mod code {
    pub(super) const HOST_NAME: u8 = 12;
    pub(super) const REQUESTED_ADDRESS: u8 = 50;
    pub(super) const LEASE_TIME: u8 = 51;
    pub(super) const MESSAGE_TYPE: u8 = 53;
    pub(super) const SERVER_IDENTIFIER: u8 = 54;
    pub(super) const PARAMETER_REQUEST_LIST: u8 = 55;
    pub(super) const MAX_MESSAGE_SIZE: u8 = 57;
    pub(super) const CLIENT_IDENTIFIER: u8 = 61;
    pub(super) const RELAY_AGENT_INFORMATION: u8 = 82;
    pub(super) const SUBNET_SELECTION: u8 = 118;
}

/// RFC 2132 §9.14: a type and at least one byte.
const MIN_CLIENT_IDENTIFIER_BYTES: usize = 2;
/// RFC 3046 §2.0: at least one sub-option, which has two bytes at least.
const MIN_RELAY_INFORMATION_BYTES: usize = 2;

/// Puts a packet together.
pub(super) fn packet(header: Header, options: &OptionSet) -> Result<Packet, DropReason> {
    Ok(Packet {
        message_type: message_type(options)?,
        xid: header.xid,
        secs: header.secs,
        broadcast: header.broadcast,
        ciaddr: header.ciaddr,
        giaddr: header.giaddr,
        hardware: header.hardware,
        client_identifier: options
            .once(code::CLIENT_IDENTIFIER)
            .and_then(client_identifier),
        requested_address: address(options, code::REQUESTED_ADDRESS),
        server_identifier: address(options, code::SERVER_IDENTIFIER),
        lease_time: options.fixed(code::LEASE_TIME).map(u32::from_be_bytes),
        max_message_size: options
            .fixed(code::MAX_MESSAGE_SIZE)
            .map(u16::from_be_bytes),
        parameter_request_list: options
            .get(code::PARAMETER_REQUEST_LIST)
            .map(<[u8]>::to_vec),
        hostname: options.once(code::HOST_NAME).and_then(hostname),
        subnet_selection: address(options, code::SUBNET_SELECTION),
        relay_agent_information: options
            .get(code::RELAY_AGENT_INFORMATION)
            .filter(|payload| payload.len() >= MIN_RELAY_INFORMATION_BYTES)
            .map(<[u8]>::to_vec),
    })
}

fn message_type(options: &OptionSet) -> Result<MessageType, DropReason> {
    if options.get(code::MESSAGE_TYPE).is_none() {
        return Err(DropReason::MessageTypeMissing);
    }
    let [code] = options
        .fixed(code::MESSAGE_TYPE)
        .ok_or(DropReason::MessageTypeLength)?;
    MessageType::from_code(code).ok_or(DropReason::MessageTypeUnknown)
}

/// Too short or too long for its RFC: then the client goes by its hardware address.
fn client_identifier(payload: &[u8]) -> Option<ClientIdentifier> {
    let is_long_enough = payload.len() >= MIN_CLIENT_IDENTIFIER_BYTES;
    ClientIdentifier::new(payload)
        .ok()
        .filter(|_| is_long_enough)
}

/// A host name is for people; an empty or overlong one is as good as none. Some clients end it
/// with zeros (RFC 2132 §2 tells receivers to expect that).
fn hostname(payload: &[u8]) -> Option<Hostname> {
    let end = payload.iter().rposition(|byte| *byte != 0)?;
    Hostname::new(payload.get(..=end)?).ok()
}

/// An address; 0.0.0.0 says none.
fn address(options: &OptionSet, code: u8) -> Option<Ipv4Addr> {
    let address = options.fixed(code).map(Ipv4Addr::from_octets);
    address.filter(|address| !address.is_unspecified())
}
