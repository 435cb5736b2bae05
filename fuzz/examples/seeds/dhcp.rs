//! Packets as clients send them, in the `dhcp_packet` target's form.

use crate::Seed;
use dhcpd::codec::MessageType;
use dhcpd::testing::PacketBuilder;
use std::net::Ipv4Addr;

const CLIENT: [u8; 6] = [2, 0, 0, 0, 0, 1];
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
const NODES: [Ipv4Addr; 3] = [
    Ipv4Addr::new(10, 15, 3, 10),
    Ipv4Addr::new(10, 15, 3, 11),
    Ipv4Addr::new(10, 15, 3, 12),
];
/// The scenes that the packets are heard in: nothing known, a lease, a reservation, a lease elsewhere than reserved,
/// clients named by option 61, a pool of two, one node in service, every address in use.
const SCENES: [u8; 8] = [0x00, 0x01, 0x02, 0x03, 0x05, 0x08, 0x40, 0x80];
const BROADCAST: u8 = 0;
const UNICAST: u8 = 1;

pub(crate) fn packets() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, packets) in conversations() {
        for scene in SCENES {
            let mut input = vec![scene];
            for (flags, packet) in &packets {
                let datagram = packet.datagram();
                let length = u16::try_from(datagram.len()).expect("a datagram");
                input.push(*flags);
                input.extend(length.to_be_bytes());
                input.extend(datagram);
            }
            seeds.push((format!("{name}_{scene:02x}"), input));
        }
    }
    seeds
}

fn message(message_type: MessageType) -> PacketBuilder {
    PacketBuilder::new(message_type, CLIENT)
}

fn conversations() -> Vec<(&'static str, Vec<(u8, PacketBuilder)>)> {
    let discover = PacketBuilder::discover(CLIENT).option(55, &[1, 3, 6, 15, 51, 119, 121]);
    let selecting = |server| {
        PacketBuilder::request(CLIENT)
            .requested(ADDRESS)
            .server(server)
    };
    let renewing = PacketBuilder::request(CLIENT).ciaddr(ADDRESS);
    let release = message(MessageType::Release)
        .ciaddr(ADDRESS)
        .server(NODES[0]);
    let decline = message(MessageType::Decline)
        .requested(ADDRESS)
        .server(NODES[0]);
    let overload = PacketBuilder::bare(CLIENT)
        .option(52, &[3])
        .bytes(44, &[53, 1, 1, 255])
        .bytes(108, &[12, 2, b'v', b'm', 255]);
    let named = discover
        .clone()
        .option(61, &[1, 2, 0, 0, 0, 0, 1])
        .option(12, b"vm-1");
    let relayed = discover
        .clone()
        .giaddr(Ipv4Addr::new(10, 15, 3, 5))
        .option(82, &[1, 2, 0, 7]);
    vec![
        ("discover", vec![(BROADCAST, discover.clone())]),
        (
            "discover_named",
            vec![(BROADCAST, named.requested(ADDRESS).broadcast())],
        ),
        ("relayed", vec![(UNICAST, relayed)]),
        ("overload", vec![(BROADCAST, overload)]),
        (
            "boot",
            NODES
                .iter()
                .fold(vec![(BROADCAST, discover)], |mut heard, node| {
                    heard.push((
                        BROADCAST,
                        selecting(*node).option(51, &600_u32.to_be_bytes()),
                    ));
                    heard
                }),
        ),
        (
            "init_reboot",
            vec![(BROADCAST, PacketBuilder::request(CLIENT).requested(ADDRESS))],
        ),
        (
            "renew",
            vec![(UNICAST, renewing.clone()), (BROADCAST, renewing)],
        ),
        (
            "release",
            vec![(UNICAST, release.clone()), (BROADCAST, release)],
        ),
        (
            "decline",
            vec![(BROADCAST, decline.clone()), (UNICAST, decline)],
        ),
        (
            "inform",
            vec![(UNICAST, message(MessageType::Inform).ciaddr(ADDRESS))],
        ),
    ]
}
