//! Clients that renew one after the other, as fast as they are answered: each renewal is a log entry.
//!
//! For scenarios that need a long log. It waits for each answer, since the cluster puts what arrives
//! together into one entry.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use dhcproto::v4::MessageType;

use crate::storm::ClientRecord;
use crate::topology::address::{bridge_mac, node_of_overlay};
use crate::wire::arp::Arp;
use crate::wire::{MacAddr, PacketSocket, UdpFrame, dhcp};

/// An answer takes milliseconds. A client that gets none has used up its budget: the next one's turn.
const ANSWER: Duration = Duration::from_millis(100);

/// A client with a lease.
#[derive(Debug, Clone, Copy)]
struct Holder {
    mac: MacAddr,
    address: Ipv4Addr,
    server: Ipv4Addr,
}

/// Renews the leases of `clients` in turn until `enough` says so, and returns how many ACKs came.
///
/// Runs in the network namespace of this thread. A lease whose granting node is `absent` is left out.
pub fn run(
    interface: &str,
    clients: &[ClientRecord],
    absent: Option<u8>,
    enough: impl Fn() -> Result<bool>,
) -> Result<u64> {
    let socket = PacketSocket::open(interface)?;
    let holders: Vec<_> = clients
        .iter()
        .filter_map(|client| holder(client, absent))
        .collect();
    let macs: BTreeMap<_, _> = holders
        .iter()
        .map(|holder| (holder.address, holder.mac))
        .collect();
    let mut acks = 0;
    let mut xid = 0;
    while !enough()? {
        for holder in &holders {
            xid += 1;
            socket.send(&renewal(holder, xid)?)?;
            acks += u64::from(is_acknowledged(&socket, xid, &macs)?);
        }
    }
    Ok(acks)
}

fn holder(client: &ClientRecord, absent: Option<u8>) -> Option<Holder> {
    let server = client.server_id?;
    let is_there = node_of_overlay(server)? != absent.unwrap_or(0);
    is_there.then_some(Holder {
        mac: client.mac,
        address: client.address?,
        server,
    })
}

/// A REQUEST by unicast to the server of the lease (RFC 2131 §4.4.5).
fn renewal(holder: &Holder, xid: u32) -> Result<Vec<u8>> {
    let mut message = dhcp::client_message(MessageType::Request, holder.mac, xid, false);
    message.set_ciaddr(holder.address);
    let node = node_of_overlay(holder.server).context("a server that is no node")?;
    UdpFrame {
        src_mac: holder.mac,
        dst_mac: bridge_mac(node),
        src_ip: holder.address,
        dst_ip: holder.server,
        src_port: dhcp::CLIENT_PORT,
        dst_port: dhcp::SERVER_PORT,
        payload: &dhcp::encode(&message)?,
    }
    .encode()
    .context("a payload larger than a datagram")
}

/// Waits for the answer, and meanwhile answers ARP for all clients.
fn is_acknowledged(
    socket: &PacketSocket,
    xid: u32,
    macs: &BTreeMap<Ipv4Addr, MacAddr>,
) -> Result<bool> {
    let deadline = Instant::now() + ANSWER;
    while let Some(frame) = socket.receive(deadline)? {
        if let Some(request) = Arp::decode(&frame)
            && let Some(mac) = macs.get(&request.target_ip)
            && request.asks_for(request.target_ip)
        {
            socket.send(&request.answer(*mac).encode())?;
        }
        let reply = UdpFrame::decode(&frame)
            .filter(|datagram| datagram.dst_port == dhcp::CLIENT_PORT)
            .and_then(|datagram| dhcp::decode_reply(datagram.payload));
        if let Some(reply) = reply
            && reply.xid() == xid
        {
            return Ok(dhcp::message_type(&reply) == Some(MessageType::Ack));
        }
    }
    Ok(false)
}
