//! Every drop reason is reachable, every good packet is read, and nothing panics.

use super::*;
use crate::limits::MAX_OPTIONS;
use crate::testing::PacketBuilder;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn discover() -> PacketBuilder {
    PacketBuilder::discover(MAC)
}

/// A datagram for each reason to drop one.
fn malformed() -> Vec<(DropReason, Vec<u8>)> {
    [malformed_fields(), malformed_options()].concat()
}

fn malformed_fields() -> Vec<(DropReason, Vec<u8>)> {
    use DropReason as R;
    vec![
        (R::TooShort, vec![1; 239]),
        (R::TooShort, Vec::new()),
        (R::TooLong, vec![1; MAX_MESSAGE_BYTES + 1]),
        (R::NotARequest, discover().byte(0, 2).datagram()),
        (R::HardwareLength, discover().byte(2, 255).datagram()),
        (R::HardwareLength, discover().byte(2, 5).datagram()),
        (
            R::HardwareLength,
            discover().byte(1, 32).byte(2, 17).datagram(),
        ),
        (
            R::HardwareLength,
            discover().byte(1, 32).byte(2, 0).datagram(),
        ),
        (
            R::HardwareAddress,
            PacketBuilder::discover([0; 6]).datagram(),
        ),
        (
            R::HardwareAddress,
            PacketBuilder::discover([0xff; 6]).datagram(),
        ),
        (
            R::HardwareAddress,
            PacketBuilder::discover([3, 0, 0, 0, 0, 1]).datagram(),
        ),
        (
            R::FixedAddress,
            discover().giaddr(Ipv4Addr::LOCALHOST).datagram(),
        ),
        (
            R::FixedAddress,
            discover().giaddr(Ipv4Addr::new(224, 0, 0, 1)).datagram(),
        ),
        (R::MagicCookie, discover().byte(236, 98).datagram()),
    ]
}

fn malformed_options() -> Vec<(DropReason, Vec<u8>)> {
    use DropReason as R;
    let request_options = |payload: &[u8]| discover().raw(payload).without_end().datagram();
    vec![
        (R::OptionOverrun, request_options(&[12])),
        (R::OptionOverrun, request_options(&[12, 1])),
        (R::OptionOverrun, request_options(&[12, 4, b'a', b'b'])),
        (
            R::TooManyOptions,
            discover().raw(&[60, 0].repeat(MAX_OPTIONS)).datagram(),
        ),
        (
            R::OptionOverrun,
            discover().option(52, &[1]).bytes(234, &[12, 9]).datagram(),
        ),
        (
            R::OptionOverrun,
            discover().option(52, &[2]).bytes(106, &[12, 1]).datagram(),
        ),
        (R::MessageTypeMissing, PacketBuilder::bare(MAC).datagram()),
        (
            R::MessageTypeLength,
            PacketBuilder::bare(MAC).option(53, &[]).datagram(),
        ),
        (
            R::MessageTypeLength,
            PacketBuilder::bare(MAC).option(53, &[1, 1]).datagram(),
        ),
        (
            R::MessageTypeUnknown,
            PacketBuilder::bare(MAC).option(53, &[0]).datagram(),
        ),
        (
            R::MessageTypeUnknown,
            PacketBuilder::bare(MAC).option(53, &[2]).datagram(),
        ),
        (
            R::MessageTypeUnknown,
            PacketBuilder::bare(MAC).option(53, &[9]).datagram(),
        ),
    ]
}

#[test]
fn decode_covers_every_drop_reason() {
    for (reason, datagram) in malformed() {
        assert_eq!(decode(&datagram), Err(reason), "{datagram:02x?}");
    }
    let reached: BTreeSet<_> = malformed().into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reached, DropReason::ALL.iter().copied().collect());
}

#[test]
fn decode_discover_with_every_field() {
    let requested = Ipv4Addr::new(10, 15, 3, 77);
    let packet = discover()
        .xid(0xdead_beef)
        .secs(300)
        .broadcast()
        .giaddr(Ipv4Addr::new(10, 15, 3, 5))
        .raw(&[0, 0])
        .requested(requested)
        .option(51, &7200_u32.to_be_bytes())
        .option(57, &1500_u16.to_be_bytes())
        .option(55, &[1, 3, 6])
        .option(12, b"vm-7\0\0")
        .option(61, &[0xff, 1, 2, 3])
        .option(82, &[2, 1, 9, 1, 1, 8])
        .packet();
    assert_eq!(packet.message_type, MessageType::Discover);
    assert_eq!(
        (packet.xid, packet.secs, packet.broadcast),
        (0xdead_beef, 300, true)
    );
    assert_eq!(packet.requested_address, Some(requested));
    assert_eq!(
        (packet.lease_time, packet.max_message_size),
        (Some(7200), Some(1500))
    );
    assert_eq!(
        packet.parameter_request_list.as_deref(),
        Some(&[1, 3, 6][..])
    );
    assert_eq!(
        packet.hostname.as_ref().map(ipam::Hostname::as_str),
        Some("vm-7")
    );
    let identifier = packet
        .client_identifier
        .as_ref()
        .map(ipam::ClientIdentifier::bytes);
    assert_eq!(identifier, Some(&[0xff, 1, 2, 3][..]));
    assert_eq!(
        packet.relay_agent_information.as_deref(),
        Some(&[2, 1, 9, 1, 1, 8][..])
    );
}

#[test]
fn decode_end_option_is_optional_and_the_rest_ignored() {
    assert!(decode(&discover().without_end().datagram()).is_ok());
    let trailing = discover().raw(&[255, 50, 200, 1]).datagram();
    assert_eq!(
        decode(&trailing).map(|packet| packet.requested_address),
        Ok(None)
    );
}

/// ADR 0027: each of these was a whole packet dropped.
#[test]
fn decode_invalid_option_counts_as_absent() {
    let plain = discover().packet();
    for (code, payload) in [
        (50, &[10, 15, 3][..]),
        (50, &[]),
        (50, &[0, 0, 0, 0]),
        (51, &[]),
        (51, &[1, 1, 1]),
        (52, &[0]),
        (52, &[4]),
        (52, &[1, 1]),
        (54, &[1; 5]),
        (54, &[0; 4]),
        (57, &[1; 3]),
        (57, &[5]),
        (61, &[]),
        (61, &[1]),
        (82, &[]),
        (82, &[1]),
    ] {
        let found = decode(&discover().option(code, payload).datagram());
        assert_eq!(found.as_ref(), Ok(&plain), "option {code} of {payload:?}");
    }
    let overlong = discover().option(61, &[1; 200]).option(61, &[1; 56]);
    assert_eq!(overlong.packet(), plain);
    for nobodys in [
        Ipv4Addr::BROADCAST,
        Ipv4Addr::LOCALHOST,
        Ipv4Addr::new(224, 0, 0, 1),
    ] {
        assert_eq!(discover().ciaddr(nobodys).packet(), plain);
    }
}

#[test]
fn decode_invalid_option_does_not_hide_later_ones() {
    let packet = discover()
        .option(51, &[1])
        .option(61, &[9])
        .option(82, &[1, 1, 1])
        .packet();
    assert_eq!(packet.lease_time, None);
    assert_eq!(
        packet.relay_agent_information.as_deref(),
        Some(&[1, 1, 1][..])
    );
}

/// Joined, it would be another client, and would be told another name.
#[test]
fn decode_repeated_client_identifier_or_name_counts_once() {
    let twice = discover()
        .option(12, b"vm-7")
        .option(61, &[0, b'a'])
        .option(12, b"vm-7")
        .option(61, &[0, b'a']);
    let name = |packet: &Packet| {
        packet
            .hostname
            .as_ref()
            .map(|name| name.as_str().to_owned())
    };
    let identifier = |packet: &Packet| {
        let identifier = packet.client_identifier.as_ref();
        identifier.map(|identifier| identifier.bytes().to_vec())
    };
    let packet = twice.packet();
    assert_eq!(name(&packet).as_deref(), Some("vm-7"));
    assert_eq!(identifier(&packet).as_deref(), Some(&[0, b'a'][..]));
    // RFC 3396.
    let split = discover().option(12, b"vm").option(12, b"-7").packet();
    assert_eq!(name(&split).as_deref(), Some("vm-7"));
    let split = discover().option(12, b"vm").option(12, b"vm7").packet();
    assert_eq!(name(&split).as_deref(), Some("vmvm7"));
}

/// `udhcpc -x 0x39:05dc` sends its own option 57 and that one.
#[test]
fn decode_doubled_fixed_length_option_takes_the_first() {
    let first = Ipv4Addr::new(10, 15, 3, 77);
    let packet = discover()
        .option(57, &576_u16.to_be_bytes())
        .option(57, &1500_u16.to_be_bytes())
        .requested(first)
        .requested(Ipv4Addr::new(10, 15, 3, 78))
        .server(first)
        .server(Ipv4Addr::new(10, 15, 3, 78))
        .option(51, &[0, 0, 0, 9])
        .option(51, &[0, 0, 0, 8])
        .option(53, &[3])
        .packet();
    assert_eq!(packet.message_type, MessageType::Discover);
    assert_eq!(packet.max_message_size, Some(576));
    assert_eq!(packet.requested_address, Some(first));
    assert_eq!(packet.server_identifier, Some(first));
    assert_eq!(packet.lease_time, Some(9));
    let mended = discover().option(50, &[1]).requested(first).packet();
    assert_eq!(
        mended.requested_address,
        Some(first),
        "a useless one before it"
    );
    let split = discover()
        .option(50, &[10, 15])
        .option(50, &[3, 77])
        .packet();
    assert_eq!(split.requested_address, Some(first), "RFC 3396");
    let inside = discover()
        .option(52, &[1])
        .bytes(108, &[52, 1, 3, 255])
        .bytes(44, &[12, 1, b'x', 255]);
    assert_eq!(inside.packet().hostname, None, "the first 52 holds");
}

/// What is shown of a packet that cannot be read.
#[test]
fn sender_of_malformed_packet_is_read() {
    let malformed = discover().xid(7).byte(236, 98).datagram();
    let hardware = ipam::HardwareAddress::ethernet(MAC);
    assert_eq!(sender(&malformed), Some((hardware, 7)));
    assert_eq!(sender(&malformed[..33]), None);
}

#[test]
fn decode_joins_split_options_in_rfc_3396_order() {
    let datagram = discover()
        .option(12, b"ab")
        .option(52, &[3])
        .option(12, b"cd")
        .bytes(108, &[12, 2, b'e', b'f', 255])
        .bytes(44, &[12, 2, b'g', b'h', 255])
        .datagram();
    let hostname = decode(&datagram).expect("well-formed").hostname;
    assert_eq!(
        hostname.as_ref().map(ipam::Hostname::as_str),
        Some("abcdefgh")
    );
}

#[test]
fn decode_reads_file_and_sname_only_if_overloaded() {
    let packet = discover()
        .bytes(108, b"pxelinux.0")
        .bytes(44, b"server")
        .packet();
    assert_eq!(packet.hostname, None);
}

#[test]
fn decode_host_name_of_zeros_is_absent() {
    assert_eq!(discover().option(12, &[]).packet().hostname, None);
    assert_eq!(discover().option(12, &[0, 0]).packet().hostname, None);
}

#[test]
fn decode_accepts_other_hardware_types() {
    let packet = discover()
        .byte(1, 32)
        .byte(2, 16)
        .bytes(28, &[7; 16])
        .packet();
    assert_eq!(
        (packet.hardware.htype(), packet.hardware.bytes()),
        (32, &[7; 16][..])
    );
}

/// A well-formed datagram with some of its bytes changed, or cut short.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let base = discover()
        .requested(Ipv4Addr::new(10, 15, 3, 77))
        .option(52, &[3])
        .option(61, &[1; 7])
        .option(12, b"vm")
        .option(82, &[1, 2, 3, 4])
        .bytes(108, &[12, 2, b'e', b'f', 255])
        .bytes(44, &[60, 2, b'g', b'h', 255])
        .datagram();
    let length = base.len();
    let changes = proptest::collection::vec((0..length, any::<u8>()), 0..8);
    (Just(base), changes, 0..=length).prop_map(move |(mut datagram, changes, keep)| {
        for (place, value) in changes {
            datagram[place] = value;
        }
        datagram.truncate(keep.max(length / 2));
        datagram
    })
}

proptest! {
    #[test]
    fn decode_arbitrary_bytes_never_panics(datagram in proptest::collection::vec(any::<u8>(), 0..1600)) {
        let _either = (decode(&datagram), sender(&datagram));
    }

    #[test]
    fn decode_arbitrary_options_never_panics(options in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _either = decode(&PacketBuilder::bare(MAC).raw(&options).datagram());
    }

    #[test]
    fn decode_arbitrary_overload_never_panics(
        fields in proptest::collection::vec(any::<u8>(), 192),
        overload in 0_u8..5,
    ) {
        let builder = discover().option(52, &[overload]).bytes(44, &fields);
        let _either = decode(&builder.datagram());
    }

    #[test]
    fn decode_changed_or_cut_datagram_never_panics(datagram in mutated()) {
        if let Ok(packet) = decode(&datagram) {
            prop_assert!(!packet.hardware.bytes().is_empty());
            prop_assert!(packet.hardware.bytes().len() <= 16);
        }
    }

    #[test]
    fn decode_reads_what_the_builder_writes(
        xid: u32, secs: u16, requested: [u8; 4], identifier in proptest::collection::vec(any::<u8>(), 2..=255),
    ) {
        let packet = discover()
            .xid(xid).secs(secs).requested(requested.into()).option(61, &identifier).packet();
        prop_assert_eq!((packet.xid, packet.secs), (xid, secs));
        prop_assert_eq!(packet.requested_address, Some(requested.into()));
        let read = packet.client_identifier.as_ref().map(ipam::ClientIdentifier::bytes);
        prop_assert_eq!(read, Some(&identifier[..]));
    }
}

/// `gatewayctl explain` shows such a packet.
#[test]
fn sender_is_read_despite_a_wrong_hardware_address() {
    let good = PacketBuilder::discover([2, 0, 0, 0, 0, 1])
        .xid(9)
        .datagram();
    for hlen in [0, 1, 6, 16, 17, 255] {
        let mut datagram = good.clone();
        datagram[2] = hlen;
        let (hardware, xid) = super::sender(&datagram).expect("a sender");
        assert_eq!((hardware.bytes(), xid), (&[2, 0, 0, 0, 0, 1][..], 9));
    }
    for first in [0, 1] {
        let mut datagram = good.clone();
        datagram[28..34].copy_from_slice(&[first, 0, 0, 0, 0, 0]);
        let (hardware, _) = super::sender(&datagram).expect("a sender");
        assert_eq!(hardware.bytes(), [first, 0, 0, 0, 0, 0]);
        assert!(decode(&datagram).is_err());
    }
    assert_eq!(super::sender(&good[..43]), None);
}
