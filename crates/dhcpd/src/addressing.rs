//! Where a reply goes (RFC 2131 §4.1). Pure.

use crate::codec::Packet;
use ipam::HardwareAddress;
use std::net::Ipv4Addr;

/// Where a reply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To the relay agent, port 67.
    Relay(Ipv4Addr),
    /// To a client that has this address and answers ARP for it, port 68.
    Client(Ipv4Addr),
    /// To 255.255.255.255 and the Ethernet broadcast address, port 68.
    Broadcast,
    /// To a client that does not have its address yet: to `yiaddr`, port 68, in a frame that is
    /// addressed by hand, because the client cannot answer ARP.
    Link {
        /// `yiaddr`.
        address: Ipv4Addr,
        /// `chaddr`.
        hardware: [u8; 6],
    },
}

/// Where an OFFER or an ACK that gives `yiaddr` goes, or an ACK to an INFORM (without `yiaddr`).
#[must_use]
pub fn destination(packet: &Packet, yiaddr: Option<Ipv4Addr>) -> Destination {
    if packet.is_relayed() {
        return Destination::Relay(packet.giaddr);
    }
    if packet.uses_ciaddr() {
        return Destination::Client(packet.ciaddr);
    }
    match (packet.broadcast, yiaddr, ethernet(&packet.hardware)) {
        (false, Some(address), Some(hardware)) => Destination::Link { address, hardware },
        _ => Destination::Broadcast,
    }
}

/// Where a DHCPNAK goes: broadcast, unless a relay does that.
#[must_use]
pub fn nak_destination(packet: &Packet) -> Destination {
    if packet.is_relayed() {
        Destination::Relay(packet.giaddr)
    } else {
        Destination::Broadcast
    }
}

fn ethernet(hardware: &HardwareAddress) -> Option<[u8; 6]> {
    let is_ethernet = hardware.htype() == HardwareAddress::ETHERNET;
    hardware.bytes().try_into().ok().filter(|_| is_ethernet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::MessageType;
    use crate::testing::PacketBuilder;

    const YIADDR: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
    const GIADDR: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 5);
    const CIADDR: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 30);
    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    fn packet(giaddr: bool, ciaddr: bool, broadcast: bool) -> Packet {
        let mut packet = PacketBuilder::request(MAC).packet();
        packet.giaddr = if giaddr {
            GIADDR
        } else {
            Ipv4Addr::UNSPECIFIED
        };
        packet.ciaddr = if ciaddr {
            CIADDR
        } else {
            Ipv4Addr::UNSPECIFIED
        };
        packet.broadcast = broadcast;
        packet
    }

    #[test]
    fn destination_follows_rfc_2131_section_4_1() {
        let link = Destination::Link {
            address: YIADDR,
            hardware: MAC,
        };
        let table = [
            (packet(true, true, true), Destination::Relay(GIADDR)),
            (packet(true, false, false), Destination::Relay(GIADDR)),
            (packet(false, true, true), Destination::Client(CIADDR)),
            (packet(false, false, true), Destination::Broadcast),
            (packet(false, false, false), link),
        ];
        for (packet, expected) in table {
            assert_eq!(destination(&packet, Some(YIADDR)), expected, "{packet:?}");
        }
    }

    /// NetworkManager: a DISCOVER with the address of a lease that has run out. Nobody is there.
    #[test]
    fn destination_is_ciaddr_only_if_the_client_uses_it() {
        let mut discover = packet(false, true, false);
        discover.message_type = MessageType::Discover;
        let link = Destination::Link {
            address: YIADDR,
            hardware: MAC,
        };
        assert_eq!(destination(&discover, Some(YIADDR)), link);
        let mut selecting = packet(false, true, false);
        selecting.requested_address = Some(YIADDR);
        assert_eq!(destination(&selecting, Some(YIADDR)), link, "INIT-REBOOT");
        selecting.server_identifier = Some(GIADDR);
        assert_eq!(destination(&selecting, Some(YIADDR)), link, "SELECTING");
        let mut renewing = packet(false, true, false);
        renewing.server_identifier = Some(GIADDR);
        assert_eq!(
            destination(&renewing, Some(CIADDR)),
            Destination::Client(CIADDR)
        );
    }

    #[test]
    fn nak_destination_is_broadcast_despite_ciaddr() {
        assert_eq!(
            nak_destination(&packet(false, true, false)),
            Destination::Broadcast
        );
        assert_eq!(
            nak_destination(&packet(true, true, false)),
            Destination::Relay(GIADDR)
        );
    }

    #[test]
    fn destination_is_broadcast_without_ethernet() {
        let mut packet = packet(false, false, false);
        packet.hardware = HardwareAddress::new(32, &[1; 8]).expect("a valid length");
        assert_eq!(destination(&packet, Some(YIADDR)), Destination::Broadcast);
    }
}
