//! Builds client messages byte by byte, so that a test can also build wrong ones.

use crate::codec::{MessageType, Packet, decode};
use std::net::Ipv4Addr;

/// A client message in the making.
#[derive(Clone, Debug)]
pub struct PacketBuilder {
    fixed: [u8; 240],
    options: Vec<u8>,
    end: bool,
}

impl PacketBuilder {
    /// A message of this type from an Ethernet client: option 53 and nothing else.
    #[must_use]
    pub fn new(message_type: MessageType, hardware: [u8; 6]) -> Self {
        let code = match message_type {
            MessageType::Discover => 1,
            MessageType::Request => 3,
            MessageType::Decline => 4,
            MessageType::Release => 7,
            MessageType::Inform => 8,
        };
        Self::bare(hardware).option(53, &[code])
    }

    /// A message without options.
    #[must_use]
    pub fn bare(hardware: [u8; 6]) -> Self {
        let mut fixed = [0; 240];
        fixed[..4].copy_from_slice(&[1, 1, 6, 0]);
        fixed[4..8].copy_from_slice(&[0x12, 0x34, 0x56, 0x78]);
        fixed[28..34].copy_from_slice(&hardware);
        fixed[236..].copy_from_slice(&[99, 130, 83, 99]);
        Self {
            fixed,
            options: Vec::new(),
            end: true,
        }
    }

    /// A DHCPDISCOVER.
    #[must_use]
    pub fn discover(hardware: [u8; 6]) -> Self {
        Self::new(MessageType::Discover, hardware)
    }

    /// A DHCPREQUEST.
    #[must_use]
    pub fn request(hardware: [u8; 6]) -> Self {
        Self::new(MessageType::Request, hardware)
    }

    /// Sets a byte of the fixed fields.
    #[must_use]
    pub fn byte(mut self, place: usize, value: u8) -> Self {
        self.fixed[place] = value;
        self
    }

    /// Sets bytes of the fixed fields.
    #[must_use]
    pub fn bytes(mut self, place: usize, values: &[u8]) -> Self {
        self.fixed[place..place + values.len()].copy_from_slice(values);
        self
    }

    /// Sets `xid`.
    #[must_use]
    pub fn xid(self, xid: u32) -> Self {
        self.bytes(4, &xid.to_be_bytes())
    }

    /// Sets `secs`.
    #[must_use]
    pub fn secs(self, secs: u16) -> Self {
        self.bytes(8, &secs.to_be_bytes())
    }

    /// Sets the broadcast flag.
    #[must_use]
    pub fn broadcast(self) -> Self {
        self.byte(10, 0x80)
    }

    /// Sets `ciaddr`.
    #[must_use]
    pub fn ciaddr(self, address: Ipv4Addr) -> Self {
        self.bytes(12, &address.octets())
    }

    /// Sets `giaddr`.
    #[must_use]
    pub fn giaddr(self, address: Ipv4Addr) -> Self {
        self.bytes(24, &address.octets())
    }

    /// Option 50.
    #[must_use]
    pub fn requested(self, address: Ipv4Addr) -> Self {
        self.option(50, &address.octets())
    }

    /// Option 54.
    #[must_use]
    pub fn server(self, address: Ipv4Addr) -> Self {
        self.option(54, &address.octets())
    }

    /// Any option of at most 255 bytes.
    #[must_use]
    pub fn option(mut self, code: u8, payload: &[u8]) -> Self {
        let length = u8::try_from(payload.len()).expect("at most 255 bytes");
        self.options.extend([code, length]);
        self.options.extend(payload);
        self
    }

    /// Bytes in the options field, right or wrong.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.options.extend(bytes);
        self
    }

    /// Leaves END out.
    #[must_use]
    pub fn without_end(mut self) -> Self {
        self.end = false;
        self
    }

    /// The datagram.
    #[must_use]
    pub fn datagram(&self) -> Vec<u8> {
        let mut datagram = self.fixed.to_vec();
        datagram.extend(&self.options);
        datagram.extend(self.end.then_some(255));
        datagram
    }

    /// The packet that it decodes to.
    ///
    /// # Panics
    /// If it is malformed.
    #[must_use]
    pub fn packet(&self) -> Packet {
        decode(&self.datagram()).expect("a well-formed message")
    }
}
