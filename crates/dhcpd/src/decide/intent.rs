//! What a client wants (RFC 2131 §4.3 and table 4). Pure.

use super::{Cast, NoReplyReason};
use crate::codec::{MessageType, Packet};
use ipam::RequestKind;
use std::net::Ipv4Addr;

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// An offer, of the address it asks for if that can be.
    Discover {
        /// Option 50.
        requested: Option<Ipv4Addr>,
    },
    /// An address.
    Request {
        /// Option 50, or `ciaddr`.
        address: Ipv4Addr,
        /// The client's state.
        kind: RequestKind,
        /// Option 54, when selecting.
        server: Option<Ipv4Addr>,
    },
    /// To report that another host uses the address.
    Decline {
        /// Option 50.
        address: Ipv4Addr,
        /// Option 54.
        server: Option<Ipv4Addr>,
    },
    /// To give its address back.
    Release {
        /// `ciaddr`.
        address: Ipv4Addr,
        /// Option 54.
        server: Option<Ipv4Addr>,
    },
    /// To be told the subnet's parameters: it has an address already.
    Inform {
        /// `ciaddr`.
        address: Ipv4Addr,
    },
}

/// Reads the intent off a packet.
pub fn intent(packet: &Packet, cast: Cast) -> Result<Intent, NoReplyReason> {
    let server = packet.server_identifier;
    let ciaddr = Some(packet.ciaddr).filter(|address| !address.is_unspecified());
    match packet.message_type {
        MessageType::Discover => Ok(Intent::Discover {
            requested: packet.requested_address,
        }),
        MessageType::Request => request(packet, cast, ciaddr),
        // "Because it does not know whether it has an address": by broadcast, or past a relay (§4.4.4).
        // Whoever sends it by unicast, from anywhere, is no client that found a neighbour on its address (S7).
        MessageType::Decline if cast == Cast::Unicast && !packet.is_relayed() => {
            Err(NoReplyReason::UnicastDecline)
        }
        MessageType::Decline => {
            let address = packet
                .requested_address
                .ok_or(NoReplyReason::ContradictoryRequest)?;
            Ok(Intent::Decline { address, server })
        }
        MessageType::Release => {
            let address = ciaddr.ok_or(NoReplyReason::ContradictoryRequest)?;
            Ok(Intent::Release { address, server })
        }
        MessageType::Inform => Ok(Intent::Inform {
            address: ciaddr.ok_or(NoReplyReason::ContradictoryRequest)?,
        }),
    }
}

/// RFC 2131 §4.3.2 and table 4, read as other servers read it: option 50 says what is asked for, and
/// `ciaddr` where there is none. So a renewal may name its server, and what a client that reboots still
/// has in `ciaddr` is no contradiction.
fn request(packet: &Packet, cast: Cast, ciaddr: Option<Ipv4Addr>) -> Result<Intent, NoReplyReason> {
    let server = packet.server_identifier;
    let requested = packet.requested_address;
    let (address, kind) = match (server, requested, ciaddr) {
        (Some(_), Some(requested), _) => (requested, RequestKind::Selecting),
        (_, None, Some(ciaddr)) => (ciaddr, extending(packet, cast)),
        (None, Some(requested), Some(ciaddr)) if requested == ciaddr => {
            (ciaddr, extending(packet, cast))
        }
        (None, Some(requested), _) => (requested, RequestKind::InitReboot),
        (_, None, None) => return Err(NoReplyReason::ContradictoryRequest),
    };
    Ok(Intent::Request {
        address,
        kind,
        server,
    })
}

/// A renewal is unicast and passes no relay; what a relay passes on was broadcast (§4.3.2).
fn extending(packet: &Packet, cast: Cast) -> RequestKind {
    match cast {
        Cast::Unicast if !packet.is_relayed() => RequestKind::Renewing,
        Cast::Unicast | Cast::Broadcast => RequestKind::Rebinding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::PacketBuilder;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const A: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
    const B: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 21);
    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);

    fn kind(
        server: Option<Ipv4Addr>,
        requested: Option<Ipv4Addr>,
        ciaddr: Ipv4Addr,
        cast: Cast,
    ) -> Result<(RequestKind, Ipv4Addr), NoReplyReason> {
        let mut packet = PacketBuilder::request(MAC).packet();
        packet.server_identifier = server;
        packet.requested_address = requested;
        packet.ciaddr = ciaddr;
        match intent(&packet, cast)? {
            Intent::Request { address, kind, .. } => Ok((kind, address)),
            other => panic!("a DHCPREQUEST was read as {other:?}"),
        }
    }

    #[test]
    fn intent_follows_rfc_2131_table_4() {
        use Cast::{Broadcast, Unicast};
        use RequestKind::{InitReboot, Rebinding, Renewing, Selecting};
        let none = Ipv4Addr::UNSPECIFIED;
        assert_eq!(
            kind(Some(SERVER), Some(A), none, Broadcast),
            Ok((Selecting, A))
        );
        assert_eq!(kind(None, Some(A), none, Broadcast), Ok((InitReboot, A)));
        assert_eq!(kind(None, None, A, Unicast), Ok((Renewing, A)));
        assert_eq!(kind(None, None, A, Broadcast), Ok((Rebinding, A)));
        assert_eq!(kind(None, Some(A), A, Broadcast), Ok((Rebinding, A)));
    }

    /// ADR 0027: other servers serve these.
    #[test]
    fn intent_accepts_what_other_servers_accept() {
        use Cast::{Broadcast, Unicast};
        use RequestKind::{InitReboot, Rebinding, Renewing, Selecting};
        assert_eq!(kind(Some(SERVER), None, A, Unicast), Ok((Renewing, A)));
        assert_eq!(kind(Some(SERVER), None, A, Broadcast), Ok((Rebinding, A)));
        assert_eq!(
            kind(Some(SERVER), Some(A), B, Broadcast),
            Ok((Selecting, A))
        );
        assert_eq!(kind(None, Some(A), B, Broadcast), Ok((InitReboot, A)));
    }

    #[test]
    fn intent_request_without_address_refused() {
        let none = Ipv4Addr::UNSPECIFIED;
        let contradictory = Err(NoReplyReason::ContradictoryRequest);
        assert_eq!(kind(None, None, none, Cast::Broadcast), contradictory);
        assert_eq!(
            kind(Some(SERVER), None, none, Cast::Broadcast),
            contradictory
        );
    }

    #[test]
    fn intent_of_relayed_request_is_rebinding() {
        let mut packet = PacketBuilder::request(MAC).packet();
        packet.ciaddr = A;
        packet.giaddr = SERVER;
        let expected = Intent::Request {
            address: A,
            kind: RequestKind::Rebinding,
            server: None,
        };
        assert_eq!(intent(&packet, Cast::Unicast), Ok(expected));
    }

    #[test]
    fn intent_release_or_decline_needs_an_address() {
        for builder in [
            PacketBuilder::new(MessageType::Decline, MAC),
            PacketBuilder::new(MessageType::Release, MAC),
            PacketBuilder::new(MessageType::Inform, MAC),
        ] {
            let found = intent(&builder.packet(), Cast::Broadcast);
            assert_eq!(found, Err(NoReplyReason::ContradictoryRequest));
        }
    }
}
