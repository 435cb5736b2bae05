//! From checked fixed fields and joined options to a [`Packet`]: the length of every option that
//! we read (RFC 2132; a wrong one drops the packet, because the client meant something by it).

use super::header::Header;
use super::options::OptionSet;
use super::{DropReason, MessageType, Packet};
use ipam::{ClientIdentifier, Hostname};
use std::net::Ipv4Addr;

/// Option codes that we read (RFC 2132; 82: RFC 3046).
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
        client_identifier: client_identifier(options)?,
        requested_address: fixed(options, code::REQUESTED_ADDRESS)?.map(Ipv4Addr::from_octets),
        server_identifier: fixed(options, code::SERVER_IDENTIFIER)?.map(Ipv4Addr::from_octets),
        lease_time: fixed(options, code::LEASE_TIME)?.map(u32::from_be_bytes),
        max_message_size: fixed(options, code::MAX_MESSAGE_SIZE)?.map(u16::from_be_bytes),
        parameter_request_list: options
            .get(code::PARAMETER_REQUEST_LIST)
            .map(<[u8]>::to_vec),
        hostname: options.get(code::HOST_NAME).and_then(hostname),
        relay_agent_information: relay_agent_information(options)?,
    })
}

fn message_type(options: &OptionSet) -> Result<MessageType, DropReason> {
    match options.get(code::MESSAGE_TYPE) {
        None => Err(DropReason::MessageTypeMissing),
        Some([code]) => MessageType::from_code(*code).ok_or(DropReason::MessageTypeUnknown),
        Some(_) => Err(DropReason::MessageTypeLength),
    }
}

fn client_identifier(options: &OptionSet) -> Result<Option<ClientIdentifier>, DropReason> {
    let Some(payload) = options.get(code::CLIENT_IDENTIFIER) else {
        return Ok(None);
    };
    if payload.len() < MIN_CLIENT_IDENTIFIER_BYTES {
        return Err(DropReason::OptionLength);
    }
    ClientIdentifier::new(payload)
        .map(Some)
        .map_err(|_| DropReason::OptionLength)
}

fn relay_agent_information(options: &OptionSet) -> Result<Option<Vec<u8>>, DropReason> {
    match options.get(code::RELAY_AGENT_INFORMATION) {
        Some(payload) if payload.len() < MIN_RELAY_INFORMATION_BYTES => {
            Err(DropReason::OptionLength)
        }
        payload => Ok(payload.map(<[u8]>::to_vec)),
    }
}

/// A host name is for people; an empty or overlong one is as good as none. Some clients end it
/// with zeros (RFC 2132 §2 tells receivers to expect that).
fn hostname(payload: &[u8]) -> Option<Hostname> {
    let end = payload.iter().rposition(|byte| *byte != 0)?;
    Hostname::new(payload.get(..=end)?).ok()
}

/// The payload of an option of exactly `N` bytes. Two of them, joined, are too long, too.
fn fixed<const N: usize>(options: &OptionSet, code: u8) -> Result<Option<[u8; N]>, DropReason> {
    let Some(payload) = options.get(code) else {
        return Ok(None);
    };
    payload
        .try_into()
        .map(Some)
        .map_err(|_| DropReason::OptionLength)
}
