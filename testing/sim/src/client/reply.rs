//! What a client reads off a server's message.

use dhcproto::v4::{DhcpOption, Message, MessageType, OptionCode};
use dhcproto::{Decodable, Decoder};
use ipam::HardwareAddress;
use std::net::Ipv4Addr;
use std::time::Duration;

/// What a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplyKind {
    /// DHCPOFFER.
    Offer,
    /// DHCPACK.
    Ack,
    /// DHCPNAK.
    Nak,
}

/// A server's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Option 53.
    pub kind: ReplyKind,
    /// Transaction id.
    pub xid: u32,
    /// `chaddr`, of an Ethernet client.
    pub hardware: [u8; 6],
    /// `htype`, and as much of `chaddr` as `hlen` says: of any client.
    pub of: HardwareAddress,
    /// `yiaddr`, if any.
    pub address: Option<Ipv4Addr>,
    /// Option 54.
    pub server: Ipv4Addr,
    /// Option 51.
    pub lease_time: Option<Duration>,
    /// Option 58.
    pub renewal: Option<Duration>,
    /// Option 59.
    pub rebinding: Option<Duration>,
}

/// Reads a server's message; nothing if it is none that a client could act on.
#[must_use]
pub fn read_reply(datagram: &[u8]) -> Option<Reply> {
    let message = Message::decode(&mut Decoder::new(datagram)).ok()?;
    let kind = match message.opts().msg_type()? {
        MessageType::Offer => ReplyKind::Offer,
        MessageType::Ack => ReplyKind::Ack,
        MessageType::Nak => ReplyKind::Nak,
        _ => return None,
    };
    // `Message::chaddr` trusts `hlen`; the fixed field has its place.
    let hardware = *datagram.get(28..34)?.first_chunk()?;
    let (htype, hlen) = (*datagram.get(1)?, usize::from(*datagram.get(2)?));
    let of = HardwareAddress::new(htype, datagram.get(28..28 + hlen)?).ok()?;
    let seconds = |code| match message.opts().get(code)? {
        DhcpOption::AddressLeaseTime(seconds)
        | DhcpOption::Renewal(seconds)
        | DhcpOption::Rebinding(seconds) => Some(Duration::from_secs((*seconds).into())),
        _ => None,
    };
    let server = match message.opts().get(OptionCode::ServerIdentifier)? {
        DhcpOption::ServerIdentifier(server) => *server,
        _ => return None,
    };
    Some(Reply {
        kind,
        xid: message.xid(),
        hardware,
        of,
        address: Some(message.yiaddr()).filter(|address| !address.is_unspecified()),
        server,
        lease_time: seconds(OptionCode::AddressLeaseTime),
        renewal: seconds(OptionCode::Renewal),
        rebinding: seconds(OptionCode::Rebinding),
    })
}
