//! One DHCP message, made to order, and every reply to it.
//!
//! For what a well-behaved client never sends: a wrong address after a reboot, a release in another's
//! name, bytes that are no message at all.

pub mod options;
pub mod reply;
mod request;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

pub use options::{Hex, MessageKind, ProbeOptions};
pub use reply::Reply;

use crate::wire::{MacAddr, PacketSocket, UdpFrame, arp, dhcp};

/// How long to wait for a server to answer ARP before a unicast message.
const ARP_WINDOW: Duration = Duration::from_millis(500);

/// Sends the message and returns what was heard within the window.
///
/// Runs in the network namespace of this thread.
pub fn run(options: &ProbeOptions) -> Result<Vec<Reply>> {
    let socket = PacketSocket::open(&options.interface)?;
    let payload = request::payload(options)?;
    socket.send(&frame(&socket, options, &payload)?)?;
    listen(&socket, options)
}

/// Broadcast for a client without an address, unicast for one that renews or gives up (RFC 2131 §4.4.4).
fn frame(socket: &PacketSocket, options: &ProbeOptions, payload: &[u8]) -> Result<Vec<u8>> {
    let Some(server) = options.unicast_server() else {
        return broadcast(options, payload);
    };
    let source = options.source();
    let owners = arp::who_has(socket, options.mac, source, server, ARP_WINDOW)?;
    UdpFrame {
        src_mac: options.mac,
        // A server that does not answer ARP gets the frame all the same; the switch floods it.
        dst_mac: owners.first().copied().unwrap_or(MacAddr::BROADCAST),
        src_ip: source,
        dst_ip: server,
        src_port: dhcp::CLIENT_PORT,
        dst_port: dhcp::SERVER_PORT,
        payload,
    }
    .encode()
    .context("a payload larger than a datagram")
}

/// To everybody; a client that rebinds has an address to send from (RFC 2131 §4.4.5).
fn broadcast(options: &ProbeOptions, payload: &[u8]) -> Result<Vec<u8>> {
    UdpFrame {
        src_mac: options.mac,
        dst_mac: MacAddr::BROADCAST,
        src_ip: options.source(),
        dst_ip: Ipv4Addr::BROADCAST,
        src_port: dhcp::CLIENT_PORT,
        dst_port: dhcp::SERVER_PORT,
        payload,
    }
    .encode()
    .context("a payload larger than a datagram")
}

fn listen(socket: &PacketSocket, options: &ProbeOptions) -> Result<Vec<Reply>> {
    let started = Instant::now();
    let deadline = started + Duration::from_millis(options.window_ms);
    let mut replies = Vec::new();
    while let Some(bytes) = socket.receive(deadline)? {
        answer_arp(socket, options, &bytes)?;
        let reply = UdpFrame::decode(&bytes)
            .filter(|datagram| datagram.dst_port == dhcp::CLIENT_PORT)
            .and_then(|datagram| Reply::read(&datagram, started.elapsed()))
            .filter(|reply| options.payload.is_some() || reply.xid == options.xid);
        replies.extend(reply);
    }
    Ok(replies)
}

/// A client that has an address answers for it; a unicast ACK depends on that. One that has just
/// given its address up does not: a server that looks who is there must find nobody.
fn answer_arp(socket: &PacketSocket, options: &ProbeOptions, frame: &[u8]) -> Result<()> {
    let Some(own) = options.ciaddr.filter(|_| !options.kind.gives_up()) else {
        return Ok(());
    };
    match arp::Arp::decode(frame) {
        Some(request) if request.asks_for(own) => {
            socket.send(&request.answer(options.mac).encode())
        }
        _ => Ok(()),
    }
}
