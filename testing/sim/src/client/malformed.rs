//! Datagrams that no server may consider: one for each reason that there is.

use super::{MessageKind, message::Message};
use dhcpd::codec::DropReason;

/// Where RFC 2131 §2 has the fixed fields.
const OP: usize = 0;
const HLEN: usize = 2;
const GIADDR: usize = 24;
const CHADDR: usize = 28;
const COOKIE: usize = 236;
/// Option 53's code, its length and its value stand first among the options.
const TYPE_CODE: usize = 240;
const TYPE_LENGTH: usize = 241;
const TYPE: usize = 242;

/// A DHCPDISCOVER with one thing wrong.
pub(super) fn malformed(reason: DropReason, hardware: [u8; 6], xid: u32) -> Vec<u8> {
    let plain = Message::new(MessageKind::Discover, hardware, xid);
    let with = |place: usize, byte: u8| {
        let mut datagram = plain.datagram();
        datagram[place] = byte;
        datagram
    };
    let cut = |length: usize| {
        let mut datagram = plain.datagram();
        datagram.truncate(length);
        datagram
    };
    let pad = |length: usize| {
        let mut datagram = plain.datagram();
        datagram.resize(length, 0);
        datagram
    };
    match reason {
        DropReason::TooShort => cut(COOKIE),
        DropReason::TooLong => pad(1473),
        DropReason::NotARequest => with(OP, 2),
        DropReason::HardwareLength => with(HLEN, 16),
        DropReason::HardwareAddress => with(CHADDR, 1),
        DropReason::FixedAddress => with(GIADDR, 224),
        DropReason::MagicCookie => with(COOKIE, 0),
        DropReason::OptionOverrun => with(TYPE_LENGTH, 200),
        DropReason::TooManyOptions => {
            let many = (0..200).fold(plain.clone(), |message, _| message.option(60, &[]));
            many.datagram()
        }
        DropReason::MessageTypeMissing => with(TYPE_CODE, 60),
        // The end option becomes its second byte.
        DropReason::MessageTypeLength => with(TYPE_LENGTH, 2),
        DropReason::MessageTypeUnknown => with(TYPE, 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_dropped_for_its_reason() {
        for reason in DropReason::ALL {
            let datagram = malformed(*reason, [2, 0, 0, 0, 0, 1], 7);
            assert_eq!(dhcpd::codec::decode(&datagram), Err(*reason));
        }
    }
}
