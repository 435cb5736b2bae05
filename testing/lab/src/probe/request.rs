//! Builds the message that was ordered, with the fields that RFC 2131 table 5 asks for.

use anyhow::Result;
use dhcproto::v4::{DhcpOption, Message, MessageType};

use super::options::{MessageKind, ProbeOptions};
use crate::wire::dhcp;

const CLIENT_IDENTIFIER: u8 = 61;
const RELAY_AGENT_INFORMATION: u8 = 82;

/// The UDP payload.
pub(super) fn payload(options: &ProbeOptions) -> Result<Vec<u8>> {
    match &options.payload {
        Some(raw) => Ok(raw.0.clone()),
        None => dhcp::encode(&message(options)),
    }
}

fn message(options: &ProbeOptions) -> Message {
    let kind = message_type(options.kind);
    let mut message = dhcp::client_message(kind, options.mac, options.xid, options.broadcast);
    if let Some(address) = options.ciaddr {
        message.set_ciaddr(address);
    }
    if let Some(address) = options.requested {
        let option = DhcpOption::RequestedIpAddress(address);
        message.opts_mut().insert(option);
    }
    if let Some(server) = options.server.filter(|_| names_server(options.kind)) {
        let option = DhcpOption::ServerIdentifier(server);
        message.opts_mut().insert(option);
    }
    if let Some(id) = &options.client_id {
        dhcp::insert_raw(&mut message, CLIENT_IDENTIFIER, id.0.clone());
    }
    if let Some(info) = &options.relay_info {
        dhcp::insert_raw(&mut message, RELAY_AGENT_INFORMATION, info.0.clone());
    }
    message
}

fn message_type(kind: MessageKind) -> MessageType {
    match kind {
        MessageKind::Discover => MessageType::Discover,
        MessageKind::RequestSelecting
        | MessageKind::RequestInitReboot
        | MessageKind::Renew
        | MessageKind::Rebind => MessageType::Request,
        MessageKind::Release => MessageType::Release,
        MessageKind::Decline => MessageType::Decline,
        MessageKind::Inform => MessageType::Inform,
    }
}

/// Option 54 must be absent in the other kinds (RFC 2131 §4.3.2).
fn names_server(kind: MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::RequestSelecting | MessageKind::Release | MessageKind::Decline
    )
}
