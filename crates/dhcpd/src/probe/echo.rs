//! The conflict probe behind a relay: an ICMP echo (RFC 2131 §2.2, RFC 792), because ARP does not reach there
//! (contract L6).
//!
//! * **What flows in and out.** In: an address; out: a [`ProbeResult`], after [`PROBE_WAIT`] at the latest. The kernel
//!   finds the way to the address.
//! * **What may block.** Nothing. Each probe has a raw socket of its own, which needs CAP_NET_RAW as the packet
//!   sockets do; relayed clients that are new are few.
//! * **Cancel safety.** Dropping a probe closes its socket.

use super::{ProbeError, ProbeResult};
use crate::limits::{PROBE_WAIT, PROBES_PER_ADDRESS};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// ICMP's types (RFC 792).
const ECHO_REQUEST: u8 = 8;
const ECHO_REPLY: u8 = 0;
/// Header of an echo: type, code, checksum, identifier, sequence number. In bytes.
const ECHO_BYTES: usize = 8;
/// The longest IP header, and an echo without data: what follows in an answer is of no interest. In bytes.
const ANSWER_BYTES: usize = 60 + ECHO_BYTES;

/// Asks whether anybody uses `address`.
pub async fn echo(address: Ipv4Addr) -> Result<ProbeResult, ProbeError> {
    ask(address)
        .await
        .map_err(|source| ProbeError::new(address, source))
}

async fn ask(address: Ipv4Addr) -> io::Result<ProbeResult> {
    static IDENTIFIER: AtomicU16 = AtomicU16::new(0);
    let identifier = IDENTIFIER.fetch_add(1, Ordering::Relaxed);
    let socket = Socket::new(
        Domain::IPV4,
        Type::RAW.nonblocking(),
        Some(Protocol::ICMPV4),
    )?;
    let socket = UdpSocket::from_std(std::net::UdpSocket::from(OwnedFd::from(socket)))?;
    let start = Instant::now();
    for round in 1..=PROBES_PER_ADDRESS {
        match socket.send_to(&request(identifier), (address, 0)).await {
            Ok(_) => {}
            // Nobody answers ARP for it on the way.
            Err(error) if error.kind() == io::ErrorKind::HostUnreachable => {}
            Err(error) => return Err(error),
        }
        let until = start + PROBE_WAIT * round / PROBES_PER_ADDRESS;
        if let Ok(heard) = timeout_at(until, hear(&socket, address, identifier)).await {
            return heard.map(|()| ProbeResult::Answered);
        }
    }
    Ok(ProbeResult::Clear)
}

/// Waits for the answer. The kernel hands every ICMP message of the host to every raw socket.
async fn hear(socket: &UdpSocket, address: Ipv4Addr, identifier: u16) -> io::Result<()> {
    let mut packet = [0; ANSWER_BYTES];
    loop {
        match socket.recv_from(&mut packet).await {
            Ok((length, SocketAddr::V4(from))) if *from.ip() == address => {
                if is_answer(packet.get(..length).unwrap_or_default(), identifier) {
                    return Ok(());
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::HostUnreachable => {}
            Err(error) => return Err(error),
        }
    }
}

/// An echo request without data.
fn request(identifier: u16) -> [u8; ECHO_BYTES] {
    let [high, low] = identifier.to_be_bytes();
    let mut echo = [ECHO_REQUEST, 0, 0, 0, high, low, 0, 1];
    // RFC 1071: the complement of the sum of all 16-bit words, carries added in.
    let words = echo.chunks_exact(2);
    let sum: u32 = words
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let [.., high, low] = (!sum).to_be_bytes();
    (echo[2], echo[3]) = (high, low);
    echo
}

/// Whether an IP packet is an echo reply with our identifier.
fn is_answer(packet: &[u8], identifier: u16) -> bool {
    let header = packet
        .first()
        .map_or(0, |first| usize::from(first & 0xf) * 4);
    let echo = packet.get(header..header + ECHO_BYTES);
    echo.is_some_and(|echo| echo[0] == ECHO_REPLY && echo[4..6] == identifier.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_request() {
        assert_eq!(request(0), [8, 0, 0xf7, 0xfe, 0, 0, 0, 1]);
        assert_eq!(request(0xffff), [8, 0, 0xf7, 0xfe, 0xff, 0xff, 0, 1]);
        assert_eq!(request(0x1234), [8, 0, 0xe5, 0xca, 0x12, 0x34, 0, 1]);
    }

    #[test]
    fn is_answer_checks_identifier_after_any_ip_header() {
        for words in 5..=15_u8 {
            let mut packet = vec![0; usize::from(words) * 4];
            packet[0] = 0x40 | words;
            packet.extend([ECHO_REPLY, 0, 0, 0, 0x12, 0x34, 0, 1]);
            assert!(is_answer(&packet, 0x1234));
            assert!(!is_answer(&packet, 0x1235));
            assert!(!is_answer(&packet[..packet.len() - 1], 0x1234), "cut short");
            packet[usize::from(words) * 4] = ECHO_REQUEST;
            assert!(!is_answer(&packet, 0x1234), "our own request");
        }
        assert!(!is_answer(&[], 0));
    }
}
