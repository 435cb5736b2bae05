//! A client's message, byte by byte (RFC 2131 §2, RFC 2132): not by the server's codec, so that no
//! mistake of the one hides a mistake of the other.

use std::net::Ipv4Addr;

/// What a client sends (RFC 2132 §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// 1.
    Discover,
    /// 3.
    Request,
    /// 4.
    Decline,
    /// 7.
    Release,
    /// 8.
    Inform,
}

/// A client's message in the making.
#[derive(Clone, Debug)]
pub(super) struct Message {
    fixed: [u8; 240],
    options: Vec<u8>,
}

/// What a checker reads off a client's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Option 53.
    pub kind: MessageKind,
    /// Transaction id.
    pub xid: u32,
    /// `chaddr`, of an Ethernet client.
    pub hardware: [u8; 6],
    /// Option 50, or `ciaddr`.
    pub address: Option<Ipv4Addr>,
    /// Option 54.
    pub server: Option<Ipv4Addr>,
}

const COOKIE: [u8; 4] = [99, 130, 83, 99];
const END: u8 = 255;

impl MessageKind {
    const fn code(self) -> u8 {
        match self {
            Self::Discover => 1,
            Self::Request => 3,
            Self::Decline => 4,
            Self::Release => 7,
            Self::Inform => 8,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Discover),
            3 => Some(Self::Request),
            4 => Some(Self::Decline),
            7 => Some(Self::Release),
            8 => Some(Self::Inform),
            _ => None,
        }
    }
}

impl Message {
    pub(super) fn new(kind: MessageKind, hardware: [u8; 6], xid: u32) -> Self {
        let mut fixed = [0; 240];
        // BOOTREQUEST, Ethernet, six bytes.
        fixed[..4].copy_from_slice(&[1, 1, 6, 0]);
        fixed[4..8].copy_from_slice(&xid.to_be_bytes());
        fixed[28..34].copy_from_slice(&hardware);
        fixed[236..].copy_from_slice(&COOKIE);
        let options = Vec::new();
        Self { fixed, options }.option(53, &[kind.code()])
    }

    pub(super) fn secs(mut self, secs: u16) -> Self {
        self.fixed[8..10].copy_from_slice(&secs.to_be_bytes());
        self
    }

    pub(super) fn broadcast(mut self, wanted: bool) -> Self {
        self.fixed[10] = if wanted { 0x80 } else { 0 };
        self
    }

    pub(super) fn ciaddr(mut self, address: Ipv4Addr) -> Self {
        self.fixed[12..16].copy_from_slice(&address.octets());
        self
    }

    pub(super) fn giaddr(mut self, address: Ipv4Addr) -> Self {
        self.fixed[24..28].copy_from_slice(&address.octets());
        self
    }

    pub(super) fn requested(self, address: Ipv4Addr) -> Self {
        self.option(50, &address.octets())
    }

    pub(super) fn server(self, address: Ipv4Addr) -> Self {
        self.option(54, &address.octets())
    }

    /// An option; what does not fit its length byte is cut off.
    pub(super) fn option(mut self, code: u8, payload: &[u8]) -> Self {
        let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
        self.options.extend([code, length]);
        self.options
            .extend(payload.iter().take(usize::from(length)));
        self
    }

    pub(super) fn datagram(&self) -> Vec<u8> {
        let mut datagram = self.fixed.to_vec();
        datagram.extend(&self.options);
        datagram.push(END);
        datagram
    }
}

/// Reads a client's message, if it is one that a [`super::Client`] could have sent.
#[must_use]
pub fn read_request(datagram: &[u8]) -> Option<Request> {
    let fixed: &[u8; 240] = datagram.first_chunk()?;
    let is_request = fixed[..3] == [1, 1, 6] && fixed[236..] == COOKIE;
    let ciaddr = address(&fixed[12..16]).filter(|address| !address.is_unspecified());
    let options = &datagram[240..];
    let kind = option(options, 53).and_then(|payload| MessageKind::of(*payload.first()?))?;
    is_request.then_some(Request {
        kind,
        xid: u32::from_be_bytes(*fixed[4..8].first_chunk()?),
        hardware: *fixed[28..34].first_chunk()?,
        address: option(options, 50).and_then(address).or(ciaddr),
        server: option(options, 54).and_then(address),
    })
}

/// A DHCPREQUEST, for the checkers' tests.
#[cfg(test)]
pub(crate) fn request_bytes(
    hardware: [u8; 6],
    xid: u32,
    address: Ipv4Addr,
    server: Option<Ipv4Addr>,
) -> Vec<u8> {
    let message = Message::new(MessageKind::Request, hardware, xid).requested(address);
    match server {
        Some(server) => message.server(server).datagram(),
        None => message.datagram(),
    }
}

fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from_octets(bytes.try_into().ok()?))
}

fn option(mut options: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        match options {
            [0, rest @ ..] => options = rest,
            [END, ..] => return None,
            [code, length, rest @ ..] => {
                let (payload, after) = rest.split_at_checked(usize::from(*length))?;
                if *code == wanted {
                    return Some(payload);
                }
                options = after;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const A: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);

    #[test]
    fn the_server_understands_it() {
        let message = Message::new(MessageKind::Request, MAC, 7).secs(3);
        let message = message.requested(A).server(SERVER).option(61, &[1, 2]);
        let packet = dhcpd::codec::decode(&message.datagram()).expect("well formed");
        assert_eq!((packet.xid, packet.secs), (7, 3));
        assert_eq!(packet.requested_address, Some(A));
        assert_eq!(packet.server_identifier, Some(SERVER));
        assert!(packet.client_identifier.is_some());
    }

    #[test]
    fn what_was_written_is_read() {
        let message = Message::new(MessageKind::Release, MAC, 9).ciaddr(A);
        let read = read_request(&message.server(SERVER).datagram()).expect("a message");
        let expected = Request {
            kind: MessageKind::Release,
            xid: 9,
            hardware: MAC,
            address: Some(A),
            server: Some(SERVER),
        };
        assert_eq!(read, expected);
        assert_eq!(read_request(&[1; 100]), None);
    }
}
