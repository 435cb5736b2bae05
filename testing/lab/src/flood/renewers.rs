//! Clients that hold leases and renew them, over and over, while something goes on.
//!
//! Each has its address on the interface and a UDP socket of its own, so that the kernel sorts out what is
//! for it: a packet socket would hear the flood too and lose what matters.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use dhcproto::v4::MessageType;

use crate::storm::ClientRecord;
use crate::wire::{MacAddr, dhcp};

/// How long an answer is waited for before the request is sent again.
const ANSWER: Duration = Duration::from_secs(1);
/// How often a request is sent. RFC 2131 §4.4.5 gives a client until T2, which is much more.
const TRIES: u32 = 5;
/// Each client may renew twice a second.
const ROUND: Duration = Duration::from_secs(1);
const REPLY_LIMIT: usize = 1500;

/// A client with a lease.
#[derive(Debug, Clone, Copy)]
pub struct Holder {
    /// Its hardware address.
    pub mac: MacAddr,
    /// Its address.
    pub address: Ipv4Addr,
    /// Who granted it.
    pub server: Ipv4Addr,
}

/// How the renewals went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewals {
    /// From each request to its ACK, tries included, in order.
    waits: Vec<Duration>,
    /// Requests beyond the first for one renewal.
    pub retransmissions: u64,
    /// Renewals that got no answer at all.
    pub unanswered: u64,
}

impl Holder {
    /// Who holds what, of those that got something.
    pub fn of(client: &ClientRecord) -> Option<Self> {
        Some(Self {
            mac: client.mac,
            address: client.address?,
            server: client.server_id?,
        })
    }
}

impl Renewals {
    /// Renewals that were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.waits.len()
    }

    /// The smallest wait that at least `percent` of the renewals did not exceed.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let rank = (waits.len() * percent).div_ceil(100);
        waits.get(rank.checked_sub(1)?).copied()
    }
}

/// Every client renews about once a second for `duration`, one after the other. Runs in the network
/// namespace of the calling thread, on whose interface the addresses are.
pub fn run(holders: &[Holder], duration: Duration) -> Result<Renewals> {
    let started = Instant::now();
    let mut renewals = Renewals::default();
    let mut xid = 0;
    while started.elapsed() < duration {
        let round = Instant::now();
        for holder in holders {
            xid += 1;
            renew(holder, xid, &mut renewals)?;
        }
        thread::sleep(ROUND.saturating_sub(round.elapsed()));
    }
    Ok(renewals)
}

/// A REQUEST by unicast to the server of the lease (RFC 2131 §4.4.5).
fn renew(holder: &Holder, xid: u32, renewals: &mut Renewals) -> Result<()> {
    let mut message = dhcp::client_message(MessageType::Request, holder.mac, xid, false);
    message.set_ciaddr(holder.address);
    let payload = dhcp::encode(&message)?;
    let socket = UdpSocket::bind((holder.address, dhcp::CLIENT_PORT));
    let socket = socket.with_context(|| format!("binding a client to {}", holder.address))?;
    let asked = Instant::now();
    for _ in 0..TRIES {
        socket
            .send_to(&payload, (holder.server, dhcp::SERVER_PORT))
            .with_context(|| format!("renewing {} at {}", holder.address, holder.server))?;
        if is_acknowledged(&socket, holder, xid)? {
            renewals.waits.push(asked.elapsed());
            return Ok(());
        }
        renewals.retransmissions += 1;
    }
    renewals.unanswered += 1;
    Ok(())
}

fn is_acknowledged(socket: &UdpSocket, holder: &Holder, xid: u32) -> Result<bool> {
    let deadline = Instant::now() + ANSWER;
    let mut buffer = [0; REPLY_LIMIT];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        socket
            .set_read_timeout(Some(left))
            .context("setting a timeout")?;
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error) if is_timeout(error.kind()) => return Ok(false),
            Err(error) => return Err(error).context("receiving a reply"),
        };
        let reply = dhcp::decode_reply(&buffer[..length]);
        let Some(reply) = reply.filter(|reply| reply.xid() == xid) else {
            continue;
        };
        ensure!(
            dhcp::message_type(&reply) == Some(MessageType::Ack)
                && reply.yiaddr() == holder.address,
            "{} renewed {} and was told {:?} {}",
            holder.mac,
            holder.address,
            dhcp::message_type(&reply),
            reply.yiaddr()
        );
        return Ok(true);
    }
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
