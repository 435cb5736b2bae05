//! Tracked connections over netlink (`linux/netfilter/nfnetlink_conntrack.h`): listed, and deleted.
//!
//! In and out: bytes of messages on one side, [`Flow`]s on the other; [`super::socket`] carries them.
//! A connection is deleted by its original tuple, zone and id as they were listed, so that one that
//! has come in its place stays. Blocking, for as long as a dump of the table takes.

use super::KernelError;
use super::message::Message;
use super::socket::NetfilterSocket;
use crate::flows::{Closing, Flow, Way};
use std::net::{Ipv4Addr, SocketAddrV4};

/// `IPCTNL_MSG_CT_*`.
const NEW: u16 = 0;
const GET: u16 = 1;
const DELETE: u16 = 2;
/// `CTA_*`.
const TUPLE_ORIGINAL: u16 = 1;
const TUPLE_REPLY: u16 = 2;
const STATUS: u16 = 3;
const ID: u16 = 12;
const ZONE: u16 = 18;
/// `CTA_TUPLE_*`, `CTA_IP_*`, `CTA_PROTO_*`.
const TUPLE_IP: u16 = 1;
const TUPLE_PROTOCOL: u16 = 2;
const IP_SOURCE: u16 = 1;
const IP_DESTINATION: u16 = 2;
const PROTOCOL_NUMBER: u16 = 1;
const PROTOCOL_SOURCE_PORT: u16 = 2;
const PROTOCOL_DESTINATION_PORT: u16 = 3;
/// `IPS_DST_NAT`.
const STATUS_DNAT: u32 = 1 << 5;
/// `struct nlmsghdr` and `struct nfgenmsg`, and `struct nlattr`, in bytes.
const HEADERS: usize = 20;
const ATTRIBUTE_HEADER: usize = 4;
/// Attributes start at multiples of this.
const ALIGN: usize = 4;
/// The bits of an attribute's type that say what it is (`NLA_TYPE_MASK`).
const TYPE_MASK: u16 = 0x3fff;
/// All requests have the same number: they are answered one at a time.
const SEQUENCE: u32 = 1;

/// What a deletion must name.
struct Handle(Vec<u8>);

/// Deletes the connections that `closing` says must end. How many there were.
pub(super) fn close(socket: &mut NetfilterSocket, closing: &Closing) -> Result<u32, KernelError> {
    let doomed = list(socket, closing)?;
    let mut closed = 0;
    for Handle(attributes) in doomed {
        let request = message(DELETE, libc::NLM_F_ACK, &attributes);
        let replies = socket.exchange(&request, |_| Ok(()))?;
        match replies.failure {
            // It has ended by itself.
            Some((_, error)) if error.raw_os_error() == Some(libc::ENOENT) => {}
            Some((_, source)) => {
                return Err(KernelError::Refused {
                    doing: "deleting a tracked connection".to_owned(),
                    source,
                });
            }
            None => {}
        }
        closed += 1;
    }
    Ok(closed)
}

fn list(socket: &mut NetfilterSocket, closing: &Closing) -> Result<Vec<Handle>, KernelError> {
    const DOING: &str = "listing tracked connections";
    let mut doomed = Vec::new();
    let request = message(GET, libc::NLM_F_DUMP, &[]);
    let replies = socket.exchange(&request, |message| {
        if let Some((flow, handle)) = flow(message)
            && closing.closes(&flow)
        {
            doomed.push(handle);
        }
        Ok(())
    })?;
    match replies.failure {
        Some((_, source)) => Err(KernelError::Refused {
            doing: DOING.to_owned(),
            source,
        }),
        None if !replies.complete => Err(KernelError::Answer {
            doing: DOING,
            what: "has no end",
        }),
        None => Ok(doomed),
    }
}

fn message(kind: u16, flags: libc::c_int, attributes: &[u8]) -> Vec<u8> {
    let length = (HEADERS + attributes.len()) as u32;
    let kind = (libc::NFNL_SUBSYS_CTNETLINK as u16) << 8 | kind;
    let flags = (libc::NLM_F_REQUEST | flags) as u16;
    let mut bytes = Vec::with_capacity(length as usize);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(SEQUENCE.to_ne_bytes());
    bytes.extend([0; 4]); // The port: the kernel knows it.
    bytes.extend([libc::AF_INET as u8, 0, 0, 0]); // Family, version, resource.
    bytes.extend(attributes);
    bytes
}

/// The connection that a message tells of, if it is one that we can make sense of.
fn flow(message: Message<'_>) -> Option<(Flow, Handle)> {
    if message.kind != (libc::NFNL_SUBSYS_CTNETLINK as u16) << 8 | NEW {
        return None;
    }
    let all = message.bytes.get(HEADERS..)?;
    let (protocol, original) = tuple(find(all, TUPLE_ORIGINAL)?)?;
    let (_, reply) = tuple(find(all, TUPLE_REPLY)?)?;
    let status = find(all, STATUS)?.try_into().ok().map(u32::from_be_bytes)?;
    let flow = Flow {
        protocol,
        original,
        reply,
        destination_translated: status & STATUS_DNAT != 0,
    };
    let mut handle = Vec::new();
    for (whole, kind, _) in attributes(all) {
        if matches!(kind, TUPLE_ORIGINAL | ZONE | ID) {
            handle.extend_from_slice(whole);
            handle.resize(handle.len().next_multiple_of(ALIGN), 0);
        }
    }
    Some((flow, Handle(handle)))
}

fn tuple(bytes: &[u8]) -> Option<(u8, Way)> {
    let (ip, protocol) = (find(bytes, TUPLE_IP)?, find(bytes, TUPLE_PROTOCOL)?);
    let address = |kind| {
        let octets: [u8; 4] = find(ip, kind)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets))
    };
    let port = |kind| {
        let port = find(protocol, kind).and_then(|port| port.try_into().ok());
        port.map_or(0, u16::from_be_bytes)
    };
    let number = *find(protocol, PROTOCOL_NUMBER)?.first()?;
    let way = Way {
        from: SocketAddrV4::new(address(IP_SOURCE)?, port(PROTOCOL_SOURCE_PORT)),
        to: SocketAddrV4::new(address(IP_DESTINATION)?, port(PROTOCOL_DESTINATION_PORT)),
    };
    Some((number, way))
}

fn find(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes)
        .find(|(_, found, _)| *found == kind)
        .map(|(_, _, value)| value)
}

/// Each attribute: all of it, its type, its value. Ends where they make no sense any more.
fn attributes(bytes: &[u8]) -> impl Iterator<Item = (&[u8], u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let word = |at: usize| {
            let word: [u8; 2] = rest.get(at..at + 2)?.try_into().ok()?;
            Some(u16::from_ne_bytes(word))
        };
        let (length, kind) = (usize::from(word(0)?), word(2)? & TYPE_MASK);
        let whole = rest.get(..length)?;
        let value = whole.get(ATTRIBUTE_HEADER..)?;
        rest = rest
            .get(length.next_multiple_of(ALIGN)..)
            .unwrap_or_default();
        Some((whole, kind, value))
    })
}

#[cfg(test)]
mod tests {
    use super::super::message::messages;
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(((ATTRIBUTE_HEADER + value.len()) as u16).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
        bytes
    }

    /// With the bits that the kernel sets on what is nested or in network order.
    fn tuple_of(kind: u16, from: [u8; 4], to: [u8; 4], ports: [u16; 2]) -> Vec<u8> {
        let ip = [attribute(IP_SOURCE, &from), attribute(IP_DESTINATION, &to)].concat();
        let protocol = [
            attribute(PROTOCOL_NUMBER, &[17]),
            attribute(PROTOCOL_SOURCE_PORT, &ports[0].to_be_bytes()),
            attribute(PROTOCOL_DESTINATION_PORT, &ports[1].to_be_bytes()),
        ]
        .concat();
        let both = [
            attribute(TUPLE_IP | 0x8000, &ip),
            attribute(TUPLE_PROTOCOL | 0x8000, &protocol),
        ]
        .concat();
        attribute(kind | 0x8000, &both)
    }

    fn listed() -> Vec<u8> {
        let attributes = [
            tuple_of(
                TUPLE_ORIGINAL,
                [198, 51, 100, 9],
                [203, 0, 113, 1],
                [4000, 53],
            ),
            tuple_of(TUPLE_REPLY, [10, 15, 3, 22], [10, 15, 3, 10], [5353, 4000]),
            attribute(STATUS, &(STATUS_DNAT | 8).to_be_bytes()),
            attribute(ID, &7_u32.to_be_bytes()),
        ]
        .concat();
        message(NEW, 0, &attributes)
    }

    fn parse(datagram: &[u8]) -> Option<(Flow, Handle)> {
        flow(messages(datagram).next()?.ok()?)
    }

    #[test]
    fn listed_connection_is_read_and_named_for_deletion() {
        let datagram = listed();
        let (flow, Handle(handle)) = parse(&datagram).expect("a connection");
        assert_eq!(flow.protocol, 17);
        assert_eq!(flow.original.to.to_string(), "203.0.113.1:53");
        assert_eq!(flow.reply.from.to_string(), "10.15.3.22:5353");
        assert!(flow.destination_translated);
        let kinds: Vec<u16> = attributes(&handle).map(|(_, kind, _)| kind).collect();
        assert_eq!(kinds, [TUPLE_ORIGINAL, ID]);
    }

    #[test]
    fn cut_off_messages_are_no_connections() {
        let whole = listed();
        for length in HEADERS..whole.len() - 12 {
            let mut cut = whole[..length].to_vec();
            cut[..4].copy_from_slice(&(length as u32).to_ne_bytes());
            assert!(
                parse(&cut).is_none_or(|(flow, _)| flow.protocol == 17),
                "{length}"
            );
        }
    }
}
