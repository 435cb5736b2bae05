//! A client's DHCP message byte by byte: for what no codec would write. RFC 2131 §2, RFC 1497.

use std::net::Ipv4Addr;

use super::MacAddr;

const COOKIE: [u8; 4] = [99, 130, 83, 99];
const END: u8 = 255;
const MESSAGE_TYPE: u8 = 53;
const PARAMETERS: u8 = 55;
/// Mask, router, name servers, domain, lease time.
const ASKED_FOR: [u8; 5] = [1, 3, 6, 15, 51];
/// The broadcast flag.
pub const BROADCAST: u16 = 0x8000;

/// Fields as they will be sent; nothing is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootp {
    /// 1 is a client's.
    pub op: u8,
    /// Hardware type.
    pub htype: u8,
    /// Length of the hardware address.
    pub hlen: u8,
    /// Relays passed.
    pub hops: u8,
    /// Transaction id.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// [`BROADCAST`] or nothing.
    pub flags: u16,
    /// The client's own address.
    pub ciaddr: Ipv4Addr,
    /// The relay's address.
    pub giaddr: Ipv4Addr,
    /// Hardware address, padded.
    pub chaddr: [u8; 16],
    /// `sname` and `file`.
    pub names: Vec<u8>,
    /// RFC 1497's, or not.
    pub cookie: [u8; 4],
    /// Options as they will stand, without an END.
    pub options: Vec<u8>,
    /// What follows the options.
    pub tail: Vec<u8>,
}

impl Bootp {
    /// A message of `mac` without any option.
    pub fn bare(mac: MacAddr, xid: u32) -> Self {
        let mut chaddr = [0; 16];
        chaddr[..6].copy_from_slice(&mac.0);
        Self {
            op: 1,
            htype: 1,
            hlen: 6,
            hops: 0,
            xid,
            secs: 0,
            flags: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            chaddr,
            names: vec![0; 192],
            cookie: COOKIE,
            options: Vec::new(),
            tail: vec![END],
        }
    }

    /// A message of type `kind` (option 53) that asks for the usual parameters.
    pub fn new(kind: u8, mac: MacAddr, xid: u32) -> Self {
        Self::bare(mac, xid)
            .option(MESSAGE_TYPE, &[kind])
            .option(PARAMETERS, &ASKED_FOR)
    }

    /// Adds an option of at most 255 bytes; a second one of the same number stands beside the first.
    #[must_use]
    pub fn option(mut self, code: u8, value: &[u8]) -> Self {
        let value = &value[..value.len().min(255)];
        // At most 255, by the line above.
        self.options.extend([code, value.len() as u8]);
        self.options.extend(value);
        self
    }

    /// Adds an option that is an address.
    #[must_use]
    pub fn address(self, code: u8, address: Ipv4Addr) -> Self {
        self.option(code, &address.octets())
    }

    /// Sets `ciaddr`.
    #[must_use]
    pub fn from(mut self, address: Ipv4Addr) -> Self {
        self.ciaddr = address;
        self
    }

    /// Sets `giaddr`.
    #[must_use]
    pub fn relayed(mut self, relay: Ipv4Addr) -> Self {
        self.giaddr = relay;
        self.hops = 1;
        self
    }

    /// The UDP payload.
    pub fn encode(&self) -> Vec<u8> {
        [
            &[self.op, self.htype, self.hlen, self.hops][..],
            &self.xid.to_be_bytes(),
            &self.secs.to_be_bytes(),
            &self.flags.to_be_bytes(),
            &self.ciaddr.octets(),
            &[0; 8],
            &self.giaddr.octets(),
            &self.chaddr,
            &self.names,
            &self.cookie,
            &self.options,
            &self.tail,
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dhcp;

    #[test]
    fn fields_stand_where_rfc_2131_says() {
        let mac = MacAddr([2, 0, 0, 0, 0, 9]);
        let relay = Ipv4Addr::new(10, 15, 3, 5);
        let bytes = Bootp::new(1, mac, 7).relayed(relay).encode();
        assert_eq!(&bytes[24..28], &relay.octets());
        assert_eq!(&bytes[28..34], &mac.0);
        let options = dhcp::raw_options(&bytes).expect("whole options");
        assert_eq!(options.get(&53), Some(&vec![1]));
    }
}
