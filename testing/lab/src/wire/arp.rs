//! ARP for IPv4 over Ethernet (RFC 826).

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{ETHERNET_HEADER, ETHERTYPE_ARP, MacAddr, PacketSocket, ethernet};

const REQUEST: u8 = 1;
const REPLY: u8 = 2;
/// Ethernet, IPv4, their address lengths.
const PREFIX: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// An ARP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    operation: u8,
    /// Who speaks.
    pub sender_mac: MacAddr,
    /// In which address's name.
    pub sender_ip: Ipv4Addr,
    /// Whom it is for; empty in a request.
    pub target_mac: MacAddr,
    /// The address that is asked for.
    pub target_ip: Ipv4Addr,
}

impl Arp {
    /// "Who has `target_ip`?"
    pub fn request(sender_mac: MacAddr, sender_ip: Ipv4Addr, target_ip: Ipv4Addr) -> Self {
        Self {
            operation: REQUEST,
            sender_mac,
            sender_ip,
            target_mac: MacAddr([0; 6]),
            target_ip,
        }
    }

    /// The answer "`mac` has the address you asked for".
    pub fn answer(&self, mac: MacAddr) -> Self {
        Self {
            operation: REPLY,
            sender_mac: mac,
            sender_ip: self.target_ip,
            target_mac: self.sender_mac,
            target_ip: self.sender_ip,
        }
    }

    /// Whether this asks for `address`.
    pub fn asks_for(&self, address: Ipv4Addr) -> bool {
        self.operation == REQUEST && self.target_ip == address
    }

    /// The frame's bytes: requests are broadcast, replies go to whoever asked.
    pub fn encode(&self) -> Vec<u8> {
        let destination = match self.operation {
            REQUEST => MacAddr::BROADCAST,
            _ => self.target_mac,
        };
        let body = [
            &PREFIX[..],
            &[0, self.operation],
            &self.sender_mac.0,
            &self.sender_ip.octets(),
            &self.target_mac.0,
            &self.target_ip.octets(),
        ]
        .concat();
        ethernet(destination, self.sender_mac, ETHERTYPE_ARP, &body)
    }

    /// Reads a frame; `None` if it is not ARP.
    pub fn decode(frame: &[u8]) -> Option<Self> {
        let (header, body) = frame.split_at_checked(ETHERNET_HEADER)?;
        let body: &[u8; 28] = body.first_chunk()?;
        if header[12..14] != ETHERTYPE_ARP || body[..6] != PREFIX {
            return None;
        }
        Some(Self {
            operation: body[7],
            sender_mac: MacAddr::from_slice(&body[8..])?,
            sender_ip: Ipv4Addr::new(body[14], body[15], body[16], body[17]),
            target_mac: MacAddr::from_slice(&body[18..])?,
            target_ip: Ipv4Addr::new(body[24], body[25], body[26], body[27]),
        })
    }
}

/// Asks for `target` and returns the hardware address in every answer heard within `window`.
pub fn who_has(
    socket: &PacketSocket,
    sender_mac: MacAddr,
    sender_ip: Ipv4Addr,
    target: Ipv4Addr,
    window: Duration,
) -> Result<Vec<MacAddr>> {
    socket
        .send(&Arp::request(sender_mac, sender_ip, target).encode())
        .with_context(|| format!("asking for {target}"))?;
    let deadline = Instant::now() + window;
    let mut answers = Vec::new();
    while let Some(frame) = socket.receive(deadline)? {
        let answer = Arp::decode(&frame).filter(|arp| {
            arp.operation == REPLY && arp.sender_ip == target && arp.target_mac == sender_mac
        });
        answers.extend(answer.map(|arp| arp.sender_mac));
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_round_trips() {
        let asker = MacAddr([2, 0, 0, 0, 0, 1]);
        let owner = MacAddr([2, 0, 0, 0, 0, 2]);
        let target = Ipv4Addr::new(10, 15, 3, 1);
        let request = Arp::request(asker, Ipv4Addr::UNSPECIFIED, target);
        assert!(request.asks_for(target));
        let answer = Arp::decode(&request.answer(owner).encode()).expect("ARP");
        assert_eq!((answer.sender_mac, answer.sender_ip), (owner, target));
        assert_eq!(answer.target_mac, asker);
    }
}
