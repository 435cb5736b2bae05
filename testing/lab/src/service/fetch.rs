//! The caller: asks the service which address it sees.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result};

/// An answer is one address in text.
const ANSWER_LIMIT: u64 = 64;

/// Connects to `server` and returns the address it says we come from.
pub fn fetch_tcp(server: SocketAddr, within: Duration) -> Result<IpAddr> {
    let connection = TcpStream::connect_timeout(&server, within)
        .with_context(|| format!("connecting to {server}"))?;
    connection
        .set_read_timeout(Some(within))
        .context("setting the read timeout")?;
    let mut answer = String::new();
    connection
        .take(ANSWER_LIMIT)
        .read_to_string(&mut answer)
        .with_context(|| format!("reading from {server}"))?;
    parse(&answer, server)
}

/// Sends `server` a datagram and returns the address it says we come from.
pub fn fetch_udp(server: SocketAddr, within: Duration) -> Result<IpAddr> {
    let socket =
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).context("opening a datagram socket")?;
    socket
        .set_read_timeout(Some(within))
        .context("setting the read timeout")?;
    socket
        .send_to(b"?", server)
        .with_context(|| format!("sending to {server}"))?;
    let mut buffer = [0; ANSWER_LIMIT as usize];
    let (length, _) = socket
        .recv_from(&mut buffer)
        .with_context(|| format!("no answer from {server}"))?;
    parse(&String::from_utf8_lossy(&buffer[..length]), server)
}

fn parse(answer: &str, server: SocketAddr) -> Result<IpAddr> {
    answer
        .parse()
        .with_context(|| format!("{server} answered {answer:?}, which is no address"))
}
