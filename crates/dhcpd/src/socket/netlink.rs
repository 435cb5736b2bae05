//! Two questions to the kernel's tables, by a netlink socket of our own (rtnetlink(7)): how long a
//! datagram an interface carries, and by which interface an address is reached.
//!
//! Asked once a second and answered by the kernel within the call, so nothing here is awaited. Only the
//! kernel knows the route to a relay (policy rules, several tables).

use super::SocketError;
use nix::sys::socket::{NetlinkAddr, recvfrom};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const AF_NETLINK: i32 = 16;
const NETLINK_ROUTE: i32 = 0;
const AF_INET: u8 = 2;
/// The header of a message: length, type, flags, number, port.
const HEADER_BYTES: usize = 16;
/// Where the number stands in it: an answer has its question's.
const NUMBER: usize = 8;
/// The kernel's port; a process has another.
const KERNEL: u32 = 0;
/// Datagrams that are no answer to the question, of an earlier one that took too long, or of another process.
const MAX_STRAY: usize = 16;
const FLAG_REQUEST: u16 = 1;
const TYPE_ERROR: u16 = 2;
const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
/// `struct ifinfomsg` and `struct rtmsg`.
const LINK_BYTES: usize = 16;
const ROUTE_BYTES: usize = 12;
const LINK_MTU: u16 = 4;
const ROUTE_DESTINATION: u16 = 1;
const ROUTE_INTERFACE: u16 = 4;
/// One answer: a link's has some 2 kB.
const ANSWER_BYTES: usize = 32 * 1024;
/// The kernel answers at once; this is for the case that it does not.
const PATIENCE: Duration = Duration::from_millis(200);

/// A connection to the kernel's tables, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub(super) struct Netlink {
    socket: Socket,
    /// The next question's number.
    next: AtomicU32,
}

impl Netlink {
    pub(super) fn open() -> Result<Self, SocketError> {
        let doing = "opening a netlink socket for routes and links";
        let (domain, protocol) = (Domain::from(AF_NETLINK), Protocol::from(NETLINK_ROUTE));
        let socket = Socket::new(domain, Type::RAW, Some(protocol));
        let socket = socket.map_err(SocketError::io(doing))?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .map_err(SocketError::io(doing))?;
        Ok(Self {
            socket,
            next: AtomicU32::new(1),
        })
    }

    /// How long an IP datagram the interface carries, in bytes.
    pub(super) fn mtu(&self, interface: u32) -> io::Result<Option<u32>> {
        let mut body = [0; LINK_BYTES];
        body[4..8].copy_from_slice(&interface.to_ne_bytes());
        let answer = self.ask(GET_LINK, NEW_LINK, &body)?;
        Ok(attribute(&answer, LINK_BYTES, LINK_MTU))
    }

    /// The index of the interface by which datagrams to `address` leave, if any does.
    pub(super) fn route_to(&self, address: Ipv4Addr) -> io::Result<Option<u32>> {
        let mut body = vec![0; ROUTE_BYTES];
        body[0] = AF_INET;
        body[1] = 32;
        body.extend(8_u16.to_ne_bytes());
        body.extend(ROUTE_DESTINATION.to_ne_bytes());
        body.extend(address.octets());
        let answer = self.ask(GET_ROUTE, NEW_ROUTE, &body)?;
        Ok(attribute(&answer, ROUTE_BYTES, ROUTE_INTERFACE))
    }

    /// Asks, and returns the body of the answer: the kernel's, to this question.
    fn ask(&self, question: u16, expected: u16, body: &[u8]) -> io::Result<Vec<u8>> {
        let number = self.send(question, body)?;
        let mut datagram = vec![0; ANSWER_BYTES];
        for _ in 0..MAX_STRAY {
            let (length, sender) = recvfrom::<NetlinkAddr>(self.socket.as_raw_fd(), &mut datagram)?;
            let is_kernels = sender.is_some_and(|sender| sender.pid() == KERNEL);
            let answer = datagram.get(..length).unwrap_or_default();
            if is_kernels && u32_at(answer, NUMBER) == Some(number) {
                return read(answer, expected);
            }
        }
        Err(io::Error::other("the kernel's answer is lost among others"))
    }

    /// Sends a question, and returns its number.
    fn send(&self, question: u16, body: &[u8]) -> io::Result<u32> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let length = u32::try_from(HEADER_BYTES + body.len()).map_err(io::Error::other)?;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(question.to_ne_bytes());
        message.extend(FLAG_REQUEST.to_ne_bytes());
        message.extend(number.to_ne_bytes());
        message.extend([0; 4]);
        message.extend(body);
        self.socket.send(&message)?;
        Ok(number)
    }
}

/// The body of an answer, or the error that it is.
fn read(answer: &[u8], expected: u16) -> io::Result<Vec<u8>> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let length = u32_at(answer, 0).ok_or_else(malformed)?;
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let kind = u16_at(answer, 4).ok_or_else(malformed)?;
    let body = answer.get(HEADER_BYTES..length).ok_or_else(malformed)?;
    if kind == TYPE_ERROR {
        let code = u32_at(body, 0).ok_or_else(malformed)?;
        return Err(io::Error::from_raw_os_error(
            code.cast_signed().wrapping_neg(),
        ));
    }
    if kind != expected {
        return Err(malformed());
    }
    Ok(body.to_vec())
}

/// The value of an attribute of four bytes, after a fixed part.
fn attribute(body: &[u8], fixed: usize, wanted: u16) -> Option<u32> {
    let mut rest = body.get(fixed..)?;
    loop {
        let length = usize::from(u16_at(rest, 0)?);
        if u16_at(rest, 2)? == wanted {
            return u32_at(rest, 4).filter(|_| length == 8);
        }
        // Attributes begin at multiples of four.
        rest = rest.get(length.max(4).next_multiple_of(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loopback is there in every namespace where it is up; reads change nothing.
    #[test]
    fn netlink_answers_mtu_and_route() {
        let netlink = Netlink::open().expect("a netlink socket");
        let way = netlink.route_to(Ipv4Addr::LOCALHOST);
        if let Ok(Some(loopback)) = way {
            let mtu = netlink.mtu(loopback).expect("an answer").expect("an MTU");
            assert!(mtu >= 1500, "{mtu}");
        }
        assert!(netlink.mtu(u32::MAX >> 1).is_err(), "there is none");
    }

    /// An answer that came after we stopped waiting is not taken for the next one's.
    #[test]
    fn netlink_late_answer_is_not_taken_for_the_next() {
        let netlink = Netlink::open().expect("a netlink socket");
        let mut body = [0; LINK_BYTES];
        body[4..8].copy_from_slice(&(u32::MAX >> 1).to_ne_bytes());
        for _ in 0..3 {
            netlink.send(GET_LINK, &body).expect("sent, and not read");
        }
        let way = netlink.route_to(Ipv4Addr::LOCALHOST);
        assert!(
            !way.is_err_and(|error| error.raw_os_error() == Some(nix::libc::ENODEV)),
            "that is what is said of the link that there is not"
        );
    }

    #[test]
    fn netlink_malformed_answer_refused() {
        assert!(read(&[], NEW_LINK).is_err());
        assert!(read(&[0; 16], NEW_LINK).is_err());
        for body in [&[][..], &[0; 12], &[0; 13], &[0; 20]] {
            assert_eq!(attribute(body, ROUTE_BYTES, ROUTE_INTERFACE), None);
        }
    }
}
