//! The kernel's link: two UDP sockets, a packet socket to send by, one that hears what UDP cannot tell
//! enough of, and a prober.
//!
//! * **What flows in and out.** Datagrams and ARP frames. Which socket takes which is in the module
//!   above.
//! * **Invariants.** A flood on one socket does not starve the others: one of those that are ready is
//!   chosen at random.
//! * **Cancel safety.** A datagram or frame is taken from, or given to, the kernel in one call.
//! * **A crash** leaves nothing: the sockets close with the process.

use super::bridge::ForwardingTable;
use super::frame::{self, ETHERNET_BROADCAST, End};
use super::framed;
use super::netlink::Netlink;
use super::own_addresses::OwnAddresses;
use super::relays::RelayRoutes;
use super::udp::{Taken, take};
use super::{
    CLIENT_PORT, Interface, PacketSocket, SERVER_PORT, SocketError, bind_broadcast, bind_unicast,
};
use crate::addressing::Destination;
use crate::client_link::{ClientLink, RecvMeta};
use crate::decide::{Arrival, Ingress};
use crate::limits::RECEIVE_BUFFER_BYTES;
use crate::probe::{self, Answers, ProbeError, ProbeResult, Prober};
use async_trait::async_trait;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::UdpSocket;

/// One interface of this host.
#[derive(Debug)]
pub struct KernelLink {
    listen_ip: Ipv4Addr,
    interface: Arc<Interface>,
    unicast: UdpSocket,
    broadcast: UdpSocket,
    framed: PacketSocket,
    frames: PacketSocket,
    prober: Prober,
    netlink: Netlink,
    own: OwnAddresses,
    relays: RelayRoutes,
    forwarding: ForwardingTable,
}

/// Ethernet and the longest IP header, before a datagram and its UDP header.
const FRAME_BYTES: usize = RECEIVE_BUFFER_BYTES + 14 + 60 + 8;

/// Which socket has something.
#[derive(Clone, Copy)]
enum Ready {
    Unicast,
    Broadcast,
    Framed,
}

impl KernelLink {
    /// Binds the sockets, to hear clients on the interface and these relays from wherever the way to
    /// them leads. Must be called within a tokio runtime.
    pub fn bind(
        interface: &str,
        listen_ip: Ipv4Addr,
        relays: &[Ipv4Addr],
    ) -> Result<Self, SocketError> {
        let found = Arc::new(Interface::find(interface)?);
        let unicast = bind_unicast(listen_ip, interface)?;
        let broadcast = bind_broadcast(interface)?;
        let link = Self {
            listen_ip,
            unicast,
            broadcast,
            framed: PacketSocket::for_framed_broadcasts(&found)?,
            frames: PacketSocket::for_sending(&found)?,
            prober: Prober::open(Arc::clone(&found))?,
            netlink: Netlink::open()?,
            own: OwnAddresses::default(),
            relays: RelayRoutes::new(relays),
            forwarding: ForwardingTable::of(interface),
            interface: found,
        };
        link.look_up();
        Ok(link)
    }

    /// The MTU, the host's addresses, and the ways to the relays. What the kernel does not answer stays as it was: an interface
    /// that is gone is noticed elsewhere.
    fn look_up(&self) {
        if let Err(error) = self.interface.refresh_mtu(&self.netlink) {
            tracing::debug!(%error, "looking up the MTU of the clients' interface");
        }
        if let Err(error) = self.own.refresh() {
            tracing::debug!(%error, "looking up the addresses of this host");
        }
        self.relays.refresh(&self.netlink);
    }

    /// Takes a datagram from the socket that has one; nothing if it is another socket's to take.
    fn take(&self, ready: Ready, buffer: &mut [u8]) -> io::Result<Option<RecvMeta>> {
        match ready {
            Ready::Unicast => {
                let taken = take(&self.unicast, buffer)?;
                let arrival = Arrival::unicast(taken.source).by(self.ingress(&taken));
                let length = taken.length;
                Ok(Some(RecvMeta { length, arrival }))
            }
            Ready::Broadcast => {
                let Taken { length, source, .. } = take(&self.broadcast, buffer)?;
                let datagram = buffer.get(..length).unwrap_or(buffer);
                let ingress = Ingress {
                    relay_route: self
                        .relays
                        .is_reached_by(source, |index| self.interface.is(index)),
                    ..Ingress::CLIENTS_LINK
                };
                let arrival = Arrival::broadcast(source).by(ingress);
                let elsewhere = framed::needs_frame(source, datagram);
                Ok((!elsewhere).then_some(RecvMeta { length, arrival }))
            }
            Ready::Framed => {
                let mut frame = [0; FRAME_BYTES];
                let length = self.framed.try_receive(&mut frame)?;
                let Some(found) = framed::datagram(frame.get(..length).unwrap_or(&frame)) else {
                    return Ok(None);
                };
                let length = found.payload.len().min(buffer.len());
                buffer[..length].copy_from_slice(&found.payload[..length]);
                let arrival = Arrival::broadcast(found.source).in_frame_of(found.hardware);
                Ok(Some(RecvMeta { length, arrival }))
            }
        }
    }

    /// By which interface a unicast datagram came: the clients', or the one that leads to the relay that
    /// it is from. What the kernel says nothing of came from nowhere that we know.
    fn ingress(&self, taken: &Taken) -> Ingress {
        let Some(interface) = taken.interface else {
            return Ingress::ELSEWHERE;
        };
        Ingress {
            clients_link: self.interface.is(interface),
            relay_route: self
                .relays
                .is_reached_by(taken.source, |index| index == interface),
        }
    }

    async fn send_udp(&self, to: (Ipv4Addr, u16), reply: &[u8]) -> io::Result<()> {
        self.unicast.send_to(reply, to).await.map(drop)
    }

    async fn send_frame(&self, to: End, reply: &[u8]) -> io::Result<()> {
        let from = End {
            hardware: self.interface.hardware(),
            ip: self.listen_ip,
        };
        let frame = frame::server_to_client(from, to, reply).map_err(io::Error::other)?;
        self.frames.send(&frame).await
    }
}

#[async_trait]
impl ClientLink for KernelLink {
    fn name(&self) -> &str {
        self.interface.name()
    }

    fn check(&self) -> Result<(), SocketError> {
        self.interface.refresh()?;
        self.look_up();
        Ok(())
    }

    fn port_of(&self, hardware: [u8; 6]) -> Option<u32> {
        self.forwarding.port_of(hardware)
    }

    fn mtu(&self) -> u16 {
        self.interface.mtu()
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<RecvMeta> {
        loop {
            // Cancel-safe: waiting takes nothing, and taking does not wait.
            let ready = tokio::select! {
                ready = self.unicast.readable() => ready.map(|()| Ready::Unicast)?,
                ready = self.broadcast.readable() => ready.map(|()| Ready::Broadcast)?,
                ready = self.framed.readable() => ready.map(|()| Ready::Framed)?,
                answered = self.prober.listen() => {
                    answered?;
                    continue;
                }
            };
            match self.take(ready, buffer) {
                Ok(Some(received)) => return Ok(received),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn send(&self, to: Destination, reply: &[u8]) -> io::Result<()> {
        match to {
            Destination::Relay(relay) => self.send_udp((relay, SERVER_PORT), reply).await,
            Destination::Client(client) => self.send_udp((client, CLIENT_PORT), reply).await,
            Destination::Broadcast => {
                let (hardware, ip) = (ETHERNET_BROADCAST, Ipv4Addr::BROADCAST);
                self.send_frame(End { hardware, ip }, reply).await
            }
            Destination::Link { address, hardware } => {
                let ip = address;
                self.send_frame(End { hardware, ip }, reply).await
            }
        }
    }

    async fn probe(&self, address: Ipv4Addr, except: &[[u8; 6]]) -> Result<Answers, ProbeError> {
        // What leaves by a packet socket is not heard by this host itself, so it would not answer.
        if self.own.has(address) {
            return Ok(Answers {
                first: Some(self.interface.hardware()),
                excepted: None,
            });
        }
        self.prober.probe(address, except).await
    }

    async fn echo(&self, address: Ipv4Addr) -> Result<ProbeResult, ProbeError> {
        probe::echo(address).await
    }
}
