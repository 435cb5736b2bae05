//! From bytes to a [`Packet`], or to a counted [`DropReason`]. Pure.
//!
//! * **What it is.** The gate. Everything that a later module reads was checked here: lengths,
//!   bounds, the magic cookie, the one message type.
//! * **What it is not.** A general DHCP parser. dhcproto gives the fixed fields, after their
//!   lengths are known to be right; its option decoder is not used, because one malformed option
//!   makes those after it disappear silently and a repeated one loses its pieces.
//! * **Invariants.** Total: no input panics, and the time and memory it costs are bounded by
//!   [`crate::limits::MAX_MESSAGE_BYTES`].
//!
//! Sources: RFC 2131 §2 and §4.1, RFC 2132, RFC 3396.

mod drop_reason;
mod fields;
mod header;
mod message_type;
mod options;
mod packet;

pub use drop_reason::DropReason;
pub use message_type::MessageType;
pub use packet::Packet;

use crate::limits::{MAX_MESSAGE_BYTES, MIN_MESSAGE_BYTES};

/// Decodes a client's message.
pub fn decode(datagram: &[u8]) -> Result<Packet, DropReason> {
    if datagram.len() < MIN_MESSAGE_BYTES {
        return Err(DropReason::TooShort);
    }
    if datagram.len() > MAX_MESSAGE_BYTES {
        return Err(DropReason::TooLong);
    }
    let header = header::decode(datagram)?;
    let options = options::collect(datagram)?;
    fields::packet(header, &options)
}

/// The hardware address and the transaction id of a datagram that cannot be decoded, where they can be
/// read. Used only to show an operator a client's packets.
#[must_use]
pub fn sender(datagram: &[u8]) -> Option<(ipam::HardwareAddress, u32)> {
    header::sender(datagram)
}

#[cfg(test)]
mod tests;
