//! The kernel's link: two UDP sockets, a packet socket to send by, and a prober.
//!
//! * **What flows in and out.** Datagrams and ARP frames. Which socket takes which is in the module
//!   above.
//! * **Invariants.** A flood on one socket does not starve the others: whoever is ready is chosen
//!   at random.
//! * **Cancel safety.** A datagram or frame is taken from, or given to, the kernel in one call.
//! * **A crash** leaves nothing: the sockets close with the process.

use super::frame::{self, ETHERNET_BROADCAST, End};
use super::{
    CLIENT_PORT, Interface, LinkSocket, SERVER_PORT, SocketError, bind_broadcast, bind_unicast,
};
use crate::addressing::Destination;
use crate::decide::Arrival;
use crate::link::{Heard, Link};
use crate::probe::{Finding, ProbeError, Prober};
use async_trait::async_trait;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::UdpSocket;

/// One interface of this host.
#[derive(Debug)]
pub struct KernelLink {
    listen_ip: Ipv4Addr,
    interface: Arc<Interface>,
    unicast: UdpSocket,
    broadcast: UdpSocket,
    frames: LinkSocket,
    prober: Prober,
}

impl KernelLink {
    /// Binds the sockets. Must be called within a tokio runtime.
    pub fn bind(interface: &str, listen_ip: Ipv4Addr) -> Result<Self, SocketError> {
        let found = Arc::new(Interface::find(interface)?);
        let unicast = bind_unicast(listen_ip, interface)?;
        let broadcast = bind_broadcast(interface)?;
        Ok(Self {
            listen_ip,
            unicast,
            broadcast,
            frames: LinkSocket::for_sending(&found)?,
            prober: Prober::open(Arc::clone(&found))?,
            interface: found,
        })
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
impl Link for KernelLink {
    fn name(&self) -> &str {
        self.interface.name()
    }

    fn check(&self) -> Result<(), SocketError> {
        self.interface.refresh()
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<Heard> {
        loop {
            // Cancel-safe: waiting takes nothing, and taking does not wait.
            let (socket, arrival): (_, fn(Ipv4Addr) -> Arrival) = tokio::select! {
                ready = self.unicast.readable() => {
                    ready?;
                    (&self.unicast, Arrival::unicast)
                }
                ready = self.broadcast.readable() => {
                    ready?;
                    (&self.broadcast, Arrival::broadcast)
                }
                heard = self.prober.listen() => {
                    heard?;
                    continue;
                }
            };
            match socket.try_recv_from(buffer) {
                Ok((length, SocketAddr::V4(source))) => {
                    let arrival = arrival(*source.ip());
                    return Ok(Heard { length, arrival });
                }
                // An IPv4 socket hears none.
                Ok((_, SocketAddr::V6(_))) => {}
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

    async fn probe(
        &self,
        address: Ipv4Addr,
        except: Option<[u8; 6]>,
    ) -> Result<Finding, ProbeError> {
        self.prober.probe(address, except).await
    }
}
