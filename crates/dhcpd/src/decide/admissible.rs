//! Which packets this server accepts: those from the clients' link, and those from configured relays. Pure.
//!
//! Contract S7, "Bad input"; ADR 0027. A packet with a `giaddr` claims to come from a relay. It is accepted
//! only if the operator has configured that relay, and only by the interface that leads to it. Otherwise any
//! client, or anybody on the internet, could pose as a relay.

use super::{Arrival, Cast, Intent, NoReplyReason};
use crate::codec::Packet;
use ipam::{HardwareAddress, SubnetConfig};
use std::net::Ipv4Addr;

/// Relays that one server may be given. Each is looked up in the kernel's routes once a second.
pub const MAX_RELAYS: usize = 64;

/// Whether a packet that arrived this way may be accepted at all.
pub fn check_arrival(
    packet: &Packet,
    arrival: Arrival,
    relays: &[Ipv4Addr],
    config: &SubnetConfig,
) -> Result<(), NoReplyReason> {
    if !packet.is_relayed() {
        let is_here = arrival.ingress.clients_link;
        return is_here.then_some(()).ok_or(NoReplyReason::WrongInterface);
    }
    if !relays.contains(&packet.giaddr) || !relays.contains(&arrival.source) {
        return Err(NoReplyReason::UnknownRelay);
    }
    if !arrival.ingress.relay_route {
        return Err(NoReplyReason::WrongRelayInterface);
    }
    let is_here = config.is_host_address(packet.giaddr);
    is_here
        .then_some(())
        .ok_or(NoReplyReason::RelayOutsideSubnet)
}

/// A `ciaddr` outside the subnet is refused in an INFORM: its answer would be sent to that address. A client
/// that extends a lease may give a wrong `ciaddr`: a committed NAK, which is broadcast, tells it so. A client
/// that discovers, selects or reboots is never answered at `ciaddr`.
pub fn check_ciaddr(
    packet: &Packet,
    intent: Intent,
    config: &SubnetConfig,
) -> Result<(), NoReplyReason> {
    let is_answered_there = matches!(intent, Intent::Inform { .. });
    let is_here = config.is_host_address(packet.ciaddr);
    (is_here || !is_answered_there)
        .then_some(())
        .ok_or(NoReplyReason::ClientOutsideSubnet)
}

/// An address of this network is of no use where another one is asked for by name (RFC 3011 §2, RFC 3527 §3).
pub fn check_network(
    packet: &Packet,
    intent: Intent,
    config: &SubnetConfig,
) -> Result<(), NoReplyReason> {
    let gives_up = matches!(intent, Intent::Release { .. } | Intent::Decline { .. });
    let selected = packet.selected_network().filter(|_| !gives_up);
    let is_another = selected.is_some_and(|address| !config.network.contains(address));
    (!is_another)
        .then_some(())
        .ok_or(NoReplyReason::OtherNetwork)
}

/// A neighbour that knows a client's hardware address, or a host elsewhere, must not be able to end its lease
/// (S7), unless it forges the source as well. So the source must match:
///
/// * A RELEASE comes from the address that it releases (RFC 2131 §4.4.4). Or the client has already removed
///   that address (Kubernetes' CNI plugin does): then it is a broadcast from 0.0.0.0, in a frame from the
///   client's own hardware address.
/// * A DECLINE comes in a frame from the client's own hardware address: the client has no IP address.
/// * Behind a relay, the relay vouches for the client.
///
/// A client that *extends* a lease may send from any address: a machine with two addresses sends from the one
/// that its kernel picks, and the answer goes to `ciaddr` in any case.
pub fn check_source(
    packet: &Packet,
    intent: Intent,
    arrival: Arrival,
) -> Result<(), NoReplyReason> {
    let is_its_own = match intent {
        Intent::Release { address, .. } => {
            let in_its_frame = arrival.cast == Cast::Broadcast
                && arrival.source.is_unspecified()
                && is_in_its_frame(packet, arrival);
            arrival.source == address || in_its_frame
        }
        Intent::Decline { .. } => {
            let has_no_frame = packet.hardware.htype() != HardwareAddress::ETHERNET;
            packet.is_relayed() || has_no_frame || is_in_its_frame(packet, arrival)
        }
        _ => true,
    };
    //~ mutant s7_forged_source: let is_its_own = true;
    is_its_own.then_some(()).ok_or(NoReplyReason::ForgedSource)
}

fn is_in_its_frame(packet: &Packet, arrival: Arrival) -> bool {
    let is_its_own = |hardware: [u8; 6]| packet.hardware.bytes() == hardware;
    packet.hardware.htype() == HardwareAddress::ETHERNET && arrival.hardware.is_some_and(is_its_own)
}

/// Whether every node receives the packet, so that the hash decides which one answers (contract, "Several
/// servers on one link"). This node answers at once what a client or relay sent to it by unicast.
pub(crate) const fn is_load_balanced(arrival: Arrival) -> bool {
    matches!(arrival.cast, Cast::Broadcast)
}

#[cfg(test)]
mod tests {
    use super::super::{Ingress, intent};
    use super::*;
    use crate::codec::MessageType;
    use crate::testing::{PacketBuilder, subnet_config};

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
    const RELAY: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 5);
    const ITS_OTHER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 5);
    const STRANGER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
    const RELAYS: [Ipv4Addr; 2] = [RELAY, ITS_OTHER];

    fn check(
        builder: PacketBuilder,
        arrival: Arrival,
        relays: &[Ipv4Addr],
    ) -> Result<(), NoReplyReason> {
        check_arrival(&builder.packet(), arrival, relays, &subnet_config())
    }

    #[test]
    fn check_arrival_accepts_clients_on_their_link_only() {
        let renew = || PacketBuilder::request(MAC).ciaddr(CLIENT);
        let here = Arrival::unicast(CLIENT);
        assert_eq!(check(renew(), here, &[]), Ok(()));
        for ingress in [Ingress::ELSEWHERE, Ingress::RELAYS_WAY] {
            let found = check(renew(), here.by(ingress), &RELAYS);
            assert_eq!(found, Err(NoReplyReason::WrongInterface));
        }
    }

    #[test]
    fn check_arrival_accepts_configured_relay_by_its_route() {
        let relayed = |giaddr| PacketBuilder::discover(MAC).giaddr(giaddr);
        let from = |source| Arrival::unicast(source).by(Ingress::RELAYS_WAY);
        assert_eq!(check(relayed(RELAY), from(RELAY), &RELAYS), Ok(()));
        assert_eq!(check(relayed(RELAY), from(ITS_OTHER), &RELAYS), Ok(()));
        for (giaddr, source, relays) in [
            (RELAY, RELAY, &[][..]),
            (CLIENT, CLIENT, &RELAYS),
            (RELAY, STRANGER, &RELAYS),
            (CLIENT, RELAY, &RELAYS),
        ] {
            let found = check(relayed(giaddr), from(source), relays);
            assert_eq!(
                found,
                Err(NoReplyReason::UnknownRelay),
                "{giaddr} by {source}"
            );
        }
        for ingress in [Ingress::CLIENTS_LINK, Ingress::ELSEWHERE] {
            let found = check(relayed(RELAY), from(RELAY).by(ingress), &RELAYS);
            assert_eq!(found, Err(NoReplyReason::WrongRelayInterface));
        }
        let elsewhere = check(relayed(ITS_OTHER), from(ITS_OTHER), &RELAYS);
        assert_eq!(elsewhere, Err(NoReplyReason::RelayOutsideSubnet));
    }

    #[test]
    fn check_network_refuses_another_network() {
        let check = |builder: &PacketBuilder| {
            let packet = builder.packet();
            let intent = intent(&packet, Cast::Broadcast).expect("an intent");
            check_network(&packet, intent, &subnet_config())
        };
        let (ours, other) = ([10, 15, 3, 0], [192, 168, 1, 0]);
        let link = |network: [u8; 4]| [&[1, 1, b'p', 5, 4][..], &network].concat();
        let discover = || PacketBuilder::discover(MAC);
        let relayed = || discover().giaddr(RELAY);
        for welcome in [
            discover(),
            discover().option(118, &ours),
            relayed().option(82, &link(ours)),
            // The relay knows better than the client, and a client's own option 82 is no relay's.
            relayed().option(82, &link(ours)).option(118, &other),
            discover().option(82, &link(other)),
            // Cut off, or of a wrong length: it says nothing.
            relayed().option(82, &[5, 9, 192]),
            relayed().option(82, &[5, 3, 192, 168, 1]),
            PacketBuilder::new(MessageType::Release, MAC)
                .ciaddr(CLIENT)
                .option(118, &other),
        ] {
            assert_eq!(check(&welcome), Ok(()), "{welcome:?}");
        }
        for elsewhere in [
            discover().option(118, &other),
            relayed().option(82, &link(other)),
            relayed().option(82, &link(other)).option(118, &ours),
            PacketBuilder::request(MAC)
                .requested(CLIENT)
                .option(118, &other),
        ] {
            let found = check(&elsewhere);
            assert_eq!(found, Err(NoReplyReason::OtherNetwork), "{elsewhere:?}");
        }
    }

    /// S7.
    #[test]
    fn check_source_release_from_own_address_or_frame() {
        let release = PacketBuilder::new(MessageType::Release, MAC)
            .ciaddr(CLIENT)
            .packet();
        let check = |arrival: Arrival| {
            let intent = intent(&release, arrival.cast).expect("a release");
            check_source(&release, intent, arrival)
        };
        let nowhere = Ipv4Addr::UNSPECIFIED;
        let neighbour = [2, 0, 0, 0, 0, 9];
        for honest in [
            Arrival::unicast(CLIENT),
            Arrival::broadcast(CLIENT),
            Arrival::broadcast(nowhere).in_frame_of(MAC),
        ] {
            assert_eq!(check(honest), Ok(()), "{honest:?}");
        }
        for forged in [
            Arrival::unicast(RELAY),
            Arrival::unicast(nowhere).in_frame_of(MAC),
            Arrival::broadcast(nowhere),
            Arrival::broadcast(nowhere).in_frame_of(neighbour),
            Arrival::broadcast(RELAY).in_frame_of(MAC),
        ] {
            assert_eq!(
                check(forged),
                Err(NoReplyReason::ForgedSource),
                "{forged:?}"
            );
        }
    }

    /// S7.
    #[test]
    fn check_source_decline_in_own_frame_or_by_relay() {
        let decline = PacketBuilder::new(MessageType::Decline, MAC).requested(CLIENT);
        let check = |builder: &PacketBuilder, arrival: Arrival| {
            let packet = builder.packet();
            let intent = intent(&packet, arrival.cast).expect("a decline");
            check_source(&packet, intent, arrival)
        };
        let neighbour = [2, 0, 0, 0, 0, 9];
        for source in [Ipv4Addr::UNSPECIFIED, CLIENT] {
            let arrival = Arrival::broadcast(source);
            assert_eq!(check(&decline, arrival.in_frame_of(MAC)), Ok(()));
            for forged in [arrival, arrival.in_frame_of(neighbour)] {
                let found = check(&decline, forged);
                assert_eq!(found, Err(NoReplyReason::ForgedSource), "{forged:?}");
            }
        }
        let relayed = decline.clone().giaddr(RELAY);
        assert_eq!(check(&relayed, Arrival::unicast(RELAY)), Ok(()));
        // IEEE 802: not to be compared with an Ethernet frame.
        let other = decline.byte(1, 6);
        let arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED).in_frame_of(neighbour);
        assert_eq!(check(&other, arrival), Ok(()));
    }
}
