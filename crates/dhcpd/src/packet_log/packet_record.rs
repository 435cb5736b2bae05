//! One packet of a client and its disposition, in plain words.

use crate::MonotonicTime;
use crate::addressing::Destination;
use crate::codec::{DropReason, MessageType, Packet};
use crate::decide::{Arrival, Cast, NoReplyReason};
use crate::reply::{Body, Reply};
use ipam::HardwareAddress;
use std::net::Ipv4Addr;

/// Bytes of a detail (an error, a refusal).
const MAX_DETAIL: usize = 160;

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketRecord {
    /// When it arrived.
    pub at: MonotonicTime,
    /// `htype` and `chaddr`.
    pub hardware: HardwareAddress,
    /// Option 53; none where the packet could not be read.
    pub message: Option<MessageType>,
    /// Transaction id.
    pub xid: u32,
    /// How it came.
    pub arrival: Arrival,
    /// The relay that it names, or 0.0.0.0.
    pub giaddr: Ipv4Addr,
    /// What became of it.
    pub disposition: Disposition,
}

/// What became of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Nothing yet.
    Pending,
    /// It was answered so.
    Answered(String),
    /// It was done as asked, and there is nothing to answer.
    Done,
    /// It got no reply, for this reason; and a detail, if there is one.
    NoReply(NoReplyReason, Option<String>),
    /// It could not be read.
    Dropped(DropReason),
}

impl PacketRecord {
    /// A packet that is being answered.
    #[must_use]
    pub fn of(packet: &Packet, arrival: Arrival, at: MonotonicTime) -> Self {
        Self {
            at,
            hardware: packet.hardware.clone(),
            message: Some(packet.message_type),
            xid: packet.xid,
            arrival,
            giaddr: packet.giaddr,
            disposition: Disposition::Pending,
        }
    }

    /// A packet that could not be read.
    #[must_use]
    pub fn of_malformed(
        (hardware, xid): (HardwareAddress, u32),
        reason: DropReason,
        arrival: Arrival,
        at: MonotonicTime,
    ) -> Self {
        Self {
            at,
            hardware,
            message: None,
            xid,
            arrival,
            giaddr: Ipv4Addr::UNSPECIFIED,
            disposition: Disposition::Dropped(reason),
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> String {
        let cast = match self.arrival.cast {
            Cast::Unicast => "unicast",
            Cast::Broadcast => "broadcast",
        };
        if self.giaddr.is_unspecified() {
            format!("{} {cast}", self.arrival.source)
        } else {
            format!("{} {cast}, relay {}", self.arrival.source, self.giaddr)
        }
    }

    /// What became of it, in plain words, with what to do about it.
    #[must_use]
    pub fn outcome(&self) -> String {
        match &self.disposition {
            Disposition::Pending => "being answered".to_owned(),
            Disposition::Answered(how) => format!("answered: {how}"),
            Disposition::Done => "done as asked; the client waits for no answer".to_owned(),
            Disposition::NoReply(reason, None) => format!("no answer: {}", reason.explanation()),
            Disposition::NoReply(reason, Some(detail)) => {
                format!("no answer: {} ({detail})", reason.explanation())
            }
            Disposition::Dropped(reason) => format!("no answer: {}", reason.explanation()),
        }
    }

    /// The reason's label, as in status and metrics; empty where there is an answer.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self.disposition {
            Disposition::NoReply(reason, _) => reason.name(),
            Disposition::Dropped(reason) => reason.name(),
            Disposition::Pending | Disposition::Answered(_) | Disposition::Done => "",
        }
    }
}

impl Disposition {
    /// It was answered.
    #[must_use]
    pub fn answered(reply: &Reply) -> Self {
        let to = match reply.destination {
            Destination::Relay(relay) => format!("to the relay {relay}"),
            Destination::Client(address) => format!("to {address}"),
            Destination::Broadcast => "by broadcast".to_owned(),
            Destination::Link { hardware, .. } => {
                format!("to {}", HardwareAddress::ethernet(hardware))
            }
        };
        Self::Answered(match &reply.body {
            Body::Offer { address, .. } => format!("offered {address}, {to}"),
            Body::Ack(granted) => format!(
                "granted {} for {} s, {to}",
                granted.address,
                granted.lease_time.as_secs()
            ),
            Body::InformAck => format!("told the network's parameters, {to}"),
            Body::Nak(refusal) => format!("refused (NAK), {to}: {}", cut(&refusal.to_string())),
        })
    }

    /// It got no answer.
    #[must_use]
    pub fn no_reply(reason: NoReplyReason, detail: Option<&str>) -> Self {
        Self::NoReply(reason, detail.map(cut))
    }
}

/// At most [`MAX_DETAIL`] bytes, whole characters.
fn cut(text: &str) -> String {
    let mut end = text.len().min(MAX_DETAIL);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_ends_at_a_whole_character() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"ü".repeat(MAX_DETAIL)).len(), MAX_DETAIL);
        assert_eq!(cut(&format!("a{}", "ü".repeat(MAX_DETAIL))).len(), 159);
    }
}
