//! Golden bytes, and dhcproto as an independent reader.

use super::*;
use crate::limits::MIN_REPLY_BYTES;
use crate::testing::{PacketBuilder, subnet_config};
use dhcproto::v4::{DhcpOption, Message, OptionCode};
use dhcproto::{Decodable, Decoder};
use ipam::Ipv4Network;

const MAC: [u8; 6] = [2, 0xaa, 0, 0, 0, 1];
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
const MTU: u16 = 1500;
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);

fn offer() -> Body {
    Body::Offer {
        address: ADDRESS,
        lease_time: Span::from_secs(3600),
    }
}

fn ack() -> Body {
    Body::Ack(Granted {
        address: ADDRESS,
        lease_time: Span::from_secs(3600),
    })
}

fn reply(packet: &PacketBuilder, body: &Body) -> Reply {
    build(&packet.packet(), body, &subnet_config(), SERVER, MTU).expect("encodable")
}

fn read(reply: &Reply) -> Message {
    Message::decode(&mut Decoder::new(&reply.bytes)).expect("dhcproto reads it")
}

/// The codes in the options field, in order, up to END.
fn codes(bytes: &[u8]) -> Vec<u8> {
    let (mut codes, mut rest) = (Vec::new(), &bytes[240..]);
    while let [code, length, tail @ ..] = rest {
        if *code == 255 {
            break;
        }
        codes.push(*code);
        rest = &tail[usize::from(*length)..];
    }
    codes
}

/// The fixed fields of a reply to [`PacketBuilder`]'s default client.
fn fixed(flags: [u8; 2], ciaddr: [u8; 4], yiaddr: [u8; 4], giaddr: [u8; 4]) -> Vec<u8> {
    let parts: [&[u8]; 11] = [
        &[2, 1, 6, 0],             // BOOTREPLY, Ethernet, 6 bytes, no hops
        &[0x12, 0x34, 0x56, 0x78], // xid
        &[0, 0],                   // secs
        &flags,
        &ciaddr,
        &yiaddr,
        &[0; 4], // siaddr
        &giaddr,
        &[2, 0xaa, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // chaddr
        &[0; 192],                                            // sname, file
        &[99, 130, 83, 99],                                   // magic cookie
    ];
    parts.concat()
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().max(MIN_REPLY_BYTES), 0);
    bytes
}

#[test]
fn golden_offer() {
    let packet = PacketBuilder::discover(MAC)
        .option(55, &[1, 3, 6, 15, 26])
        .option(61, &[1, 7]);
    let options: [&[u8]; 13] = [
        &[53, 1, 2],
        &[54, 4, 10, 15, 3, 10],
        &[51, 4, 0, 0, 0x0e, 0x10], // 3600 s
        &[58, 4, 0, 0, 0x07, 0x08], // T1: 1800 s
        &[59, 4, 0, 0, 0x0c, 0x4e], // T2: 3150 s
        &[1, 4, 255, 255, 255, 0],
        &[3, 4, 10, 15, 3, 1],
        &[6, 8, 9, 9, 9, 9, 1, 1, 1, 1],
        b"\x0f\x0cexample.test",
        &[26, 2, 0x05, 0xaa], // 1450
        &[28, 4, 10, 15, 3, 255],
        &[61, 2, 1, 7],
        &[255],
    ];
    let expected = [
        fixed([0; 2], [0; 4], [10, 15, 3, 20], [0; 4]),
        options.concat(),
    ]
    .concat();
    let reply = reply(&packet, &offer());
    assert_eq!(reply.bytes, padded(expected));
    assert_eq!(
        reply.destination,
        Destination::Link {
            address: ADDRESS,
            hardware: MAC
        }
    );
}

#[test]
fn golden_ack_through_a_relay() {
    let relay = Ipv4Addr::new(10, 15, 3, 5);
    let packet = PacketBuilder::request(MAC)
        .giaddr(relay)
        .broadcast()
        .option(55, &[])
        .option(82, &[2, 1, 9, 1, 2, 8, 7]);
    let options: [&[u8]; 10] = [
        &[53, 1, 5],
        &[54, 4, 10, 15, 3, 10],
        &[51, 4, 0, 0, 0x0e, 0x10],
        &[58, 4, 0, 0, 0x07, 0x08],
        &[59, 4, 0, 0, 0x0c, 0x4e],
        &[1, 4, 255, 255, 255, 0],
        &[3, 4, 10, 15, 3, 1],
        &[28, 4, 10, 15, 3, 255],
        &[82, 7, 2, 1, 9, 1, 2, 8, 7], // as received, sub-option 2 before 1
        &[255],
    ];
    let fixed = fixed([0x80, 0], [0; 4], [10, 15, 3, 20], [10, 15, 3, 5]);
    let reply = reply(&packet, &ack());
    assert_eq!(reply.bytes, padded([fixed, options.concat()].concat()));
    assert_eq!(reply.destination, Destination::Relay(relay));
}

#[test]
fn golden_nak() {
    let packet = PacketBuilder::request(MAC)
        .ciaddr(ADDRESS)
        .option(55, &[1, 3, 6]);
    let refusal = LeaseRefusal::Quarantined(ADDRESS);
    let options: [&[u8]; 4] = [
        &[53, 1, 6],
        &[54, 4, 10, 15, 3, 10],
        b"\x38\x1910.15.3.20 is quarantined",
        &[255],
    ];
    let expected = [fixed([0; 2], [0; 4], [0; 4], [0; 4]), options.concat()].concat();
    let reply = reply(&packet, &Body::Nak(refusal));
    assert_eq!(reply.bytes, padded(expected));
    assert_eq!(reply.destination, Destination::Broadcast);
}

#[test]
fn nak_through_relay_has_the_broadcast_flag() {
    let packet = PacketBuilder::request(MAC).giaddr(Ipv4Addr::new(10, 15, 3, 5));
    let nak = reply(&packet, &Body::Nak(LeaseRefusal::NotInSubnet(ADDRESS)));
    assert!(read(&nak).flags().broadcast());
    assert!(!read(&reply(&packet, &ack())).flags().broadcast());
}

#[test]
fn inform_ack_has_no_lease() {
    let packet = PacketBuilder::new(crate::codec::MessageType::Inform, MAC).ciaddr(ADDRESS);
    let reply = reply(&packet, &Body::InformAck);
    let message = read(&reply);
    assert_eq!(message.yiaddr(), Ipv4Addr::UNSPECIFIED);
    assert_eq!(message.ciaddr(), ADDRESS);
    for code in [51, 58, 59] {
        assert!(!codes(&reply.bytes).contains(&code), "option {code}");
    }
    assert_eq!(reply.destination, Destination::Client(ADDRESS));
}

#[test]
fn options_in_the_clients_order_once_and_82_last() {
    let packet = PacketBuilder::discover(MAC)
        .option(55, &[42, 3, 3, 99, 1, 42])
        .option(61, &[1, 2])
        .option(82, &[1, 0]);
    let found = codes(&reply(&packet, &offer()).bytes);
    assert_eq!(found, [53, 54, 51, 58, 59, 42, 1, 3, 28, 61, 82]);
}

/// RFC 3011 §2: a client that names a network drops answers without a copy of the option.
#[test]
fn reply_echoes_the_requested_network() {
    let packet = PacketBuilder::discover(MAC).option(118, &[10, 15, 3, 0]);
    let offer = reply(&packet, &offer()).bytes;
    let option = [118, 4, 10, 15, 3, 0];
    assert!(offer.windows(6).any(|bytes| bytes == option), "{offer:?}");
}

/// RFC 2132 §3.3: whatever the client's order, and also when it asks for the router alone.
#[test]
fn options_subnet_mask_before_router() {
    for (listed, expected) in [
        (&[3, 1][..], &[1, 3, 28][..]),
        (&[1, 3], &[1, 3, 28]),
        (&[3], &[1, 3, 28]),
        (&[6, 3, 28, 1], &[6, 1, 3, 28]),
        (&[1, 6, 3], &[1, 6, 3, 28]),
    ] {
        let packet = PacketBuilder::discover(MAC).option(55, listed);
        let found = codes(&reply(&packet, &offer()).bytes);
        assert_eq!(found[5..], *expected, "{listed:?}");
    }
}

#[test]
fn options_without_parameter_list_are_all_configured() {
    let found = codes(&reply(&PacketBuilder::discover(MAC), &offer()).bytes);
    assert_eq!(found, [53, 54, 51, 58, 59, 1, 3, 28, 6, 15, 26, 42]);
}

#[test]
fn options_classless_routes_include_the_default_route() {
    let mut config = subnet_config();
    let network = Ipv4Network::new(Ipv4Addr::new(172, 16, 128, 0), 17).expect("a network");
    config.classless_routes = vec![(network, Ipv4Addr::new(10, 15, 3, 2))];
    let packet = PacketBuilder::discover(MAC).option(55, &[121, 3]).packet();
    let reply = build(&packet, &offer(), &config, SERVER, MTU).expect("encodable");
    let payload = [121, 13, 17, 172, 16, 128, 10, 15, 3, 2, 0, 10, 15, 3, 1];
    assert!(
        reply
            .bytes
            .windows(payload.len())
            .any(|window| window == payload)
    );
}

#[test]
fn options_domain_search_in_dns_format_skips_invalid_names() {
    let mut config = subnet_config();
    config.domain_search = vec![
        "a.example.test".into(),
        "..".into(),
        "b.example.test".into(),
    ];
    let packet = PacketBuilder::discover(MAC).option(55, &[119]).packet();
    let reply = build(&packet, &offer(), &config, SERVER, MTU).expect("encodable");
    let Some(DhcpOption::DomainSearch(names)) =
        read(&reply).opts().get(OptionCode::DomainSearch).cloned()
    else {
        panic!("no option 119")
    };
    let names: Vec<String> = names
        .iter()
        .map(|name| name.to_ascii().trim_end_matches('.').to_owned())
        .collect();
    assert_eq!(names, ["a.example.test", "b.example.test"]);
}

#[test]
fn reply_too_long_drops_least_needed_options_first() {
    let mut config = subnet_config();
    for code in [224, 225, 226] {
        config.extra_options.insert(code, vec![code; 120]);
    }
    let packet = PacketBuilder::discover(MAC)
        .option(55, &[1, 3, 224, 225, 226])
        .option(61, &[1; 7])
        .option(57, &300_u16.to_be_bytes())
        .packet();
    let reply = build(&packet, &offer(), &config, SERVER, MTU).expect("encodable");
    assert!(reply.bytes.len() <= 548, "{} bytes", reply.bytes.len());
    assert_eq!(reply.options_left_out, 1);
    assert_eq!(
        codes(&reply.bytes),
        [53, 54, 51, 58, 59, 1, 3, 224, 225, 28, 61]
    );
    let roomy = PacketBuilder::discover(MAC)
        .option(55, &[1, 3, 224, 225, 226])
        .option(57, &1500_u16.to_be_bytes())
        .packet();
    let reply = build(&roomy, &offer(), &config, SERVER, MTU).expect("encodable");
    assert_eq!(reply.options_left_out, 0);
}

#[test]
fn reply_largest_echoes_keep_required_options() {
    let packet = PacketBuilder::discover(MAC)
        .option(61, &[7; 255])
        .option(82, &[1; 255])
        .option(82, &[1; 60]);
    let reply = reply(&packet, &offer());
    assert!(reply.bytes.len() <= 548, "{} bytes", reply.bytes.len());
    let found = codes(&reply.bytes);
    for code in [53, 54, 51, 1, 3] {
        assert!(found.contains(&code), "option {code}");
    }
}

#[test]
fn reply_lease_time_is_never_infinite() {
    let body = Body::Offer {
        address: ADDRESS,
        lease_time: Span(u64::MAX),
    };
    let message = read(&reply(&PacketBuilder::discover(MAC), &body));
    let Some(DhcpOption::AddressLeaseTime(seconds)) =
        message.opts().get(OptionCode::AddressLeaseTime)
    else {
        panic!("no option 51")
    };
    assert_eq!(*seconds, u32::MAX - 1);
}

/// It is broadcast, and a client identifier is what its client is known by.
#[test]
fn nak_does_not_name_the_holder() {
    let identifier = ipam::ClientIdentifier::new(b"secret").expect("a valid length");
    let other = ipam::ClientKey::Identifier(identifier);
    let refusal = LeaseRefusal::HeldByAnother {
        address: ADDRESS,
        holder: other.clone(),
    };
    let nak = reply(
        &PacketBuilder::request(MAC).requested(ADDRESS),
        &Body::Nak(refusal),
    );
    let Some(DhcpOption::Message(told)) = read(&nak).opts().get(OptionCode::Message).cloned()
    else {
        panic!("no message");
    };
    assert!(told.starts_with("10.15.3.20 is "), "{told}");
    assert!(!told.contains(&other.to_string()), "{told}");
}
