//! A packet socket on one interface (packet(7)): whole Ethernet frames in and out.
//!
//! tokio has no type for packet sockets, and its general one cannot be made without unsafe code. Its
//! `UdpSocket` is a registered descriptor on which `send` and `recv` are called, which is all that
//! a *bound* packet socket needs; the calls that read or take an IP address are never made.
//!
//! **Cancel safety.** Dropping either future loses no frame: a frame is taken from, or given to,
//! the kernel in one call.

use super::SocketError;
use super::framed;
use super::interface::{Interface, link_address};
use nix::sys::socket::bind;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use tokio::net::UdpSocket;

/// A protocol number that no frame has: the socket hears nothing (packet(7)).
const NOTHING: u16 = 0;
/// ARP's EtherType.
const ARP: u16 = 0x0806;
/// IPv4's EtherType.
const IPV4: u16 = 0x0800;

/// A packet socket on one interface.
#[derive(Debug)]
pub struct PacketSocket(UdpSocket);

impl PacketSocket {
    /// A socket that only sends. Must be called within a tokio runtime.
    pub fn for_sending(interface: &Interface) -> Result<Self, SocketError> {
        Self::open(interface, NOTHING, &[])
    }

    /// A socket that hears ARP, and sends. Must be called within a tokio runtime.
    pub fn for_arp(interface: &Interface) -> Result<Self, SocketError> {
        Self::open(interface, ARP, &[])
    }

    /// A socket that hears what [`framed`] describes. Must be called within a tokio runtime.
    pub fn for_framed_broadcasts(interface: &Interface) -> Result<Self, SocketError> {
        Self::open(interface, IPV4, &framed::FILTER)
    }

    fn open(
        interface: &Interface,
        ethertype: u16,
        filter: &[SockFilter],
    ) -> Result<Self, SocketError> {
        let protocol = Protocol::from(i32::from(ethertype.to_be()));
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking(), Some(protocol))
            .map_err(SocketError::io("opening a packet socket"))?;
        if !filter.is_empty() {
            socket
                .attach_filter(filter)
                .map_err(SocketError::io("attaching a filter to a packet socket"))?;
        }
        // The kernel keeps the socket's protocol where the address has none.
        let address = link_address(interface.name())?;
        bind(socket.as_raw_fd(), &address)
            .map_err(io::Error::from)
            .map_err(SocketError::io("binding a packet socket to the interface"))?;
        let socket = std::net::UdpSocket::from(OwnedFd::from(socket));
        // Between its creation and its binding it heard every interface.
        let mut frame = [0; 64];
        while socket.recv(&mut frame).is_ok() {}
        UdpSocket::from_std(socket)
            .map(Self)
            .map_err(SocketError::io(
                "registering a packet socket with the runtime",
            ))
    }

    /// Sends a frame.
    pub async fn send(&self, frame: &[u8]) -> io::Result<()> {
        let sent = self.0.send(frame).await?;
        if sent == frame.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::WriteZero.into())
        }
    }

    /// Waits until there is a frame, or may be one.
    pub async fn readable(&self) -> io::Result<()> {
        self.0.readable().await
    }

    /// Takes a frame without waiting, cut to the buffer's length.
    pub fn try_receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_recv(buffer)
    }

    /// Receives a frame, cut to the buffer's length.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buffer).await
    }
}
