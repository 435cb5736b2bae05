//! The two UDP sockets on port 67.
//!
//! Neither shares its port while it is being bound: a second DHCP server on the same interface is
//! an error that the operator must see; otherwise chance decides which of the two receives a packet.

use super::{SERVER_PORT, SocketError};
use crate::limits::SOCKET_RECEIVE_BYTES;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A datagram that was taken, and what the kernel says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// How many bytes of the buffer it fills.
    pub length: usize,
    /// The IP source.
    pub source: Ipv4Addr,
    /// The index of the interface by which it came; none if the kernel does not say.
    pub interface: Option<u32>,
}

/// Takes a datagram without waiting, from a socket of [`bind_unicast`] or [`bind_broadcast`].
pub(super) fn take(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Taken> {
    socket.try_io(Interest::READABLE, || {
        let mut space = nix::cmsg_space!(nix::libc::in_pktinfo);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = recvmsg::<SockaddrIn>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut space),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let interface = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => u32::try_from(info.ipi_ifindex).ok(),
            _ => None,
        });
        let source = message.address.map(|address| address.ip());
        Ok(Taken {
            length: message.bytes,
            source: source.unwrap_or(Ipv4Addr::UNSPECIFIED),
            interface,
        })
    })
}

/// The socket for unicast: bound to `listen_ip`. Must be called within a tokio runtime.
///
/// While it is bound it is tied to the interface, so that a server on *another* interface of this
/// host (Proxmox runs a dnsmasq for each simple zone) is no conflict, and one on this interface
/// is. Then it is untied, because a relay may be behind another interface, and marked as sharing, so
/// that those others can still be started after us. Bound to an address, it takes packets from every
/// interface: so the kernel is told to say of each by which it came.
pub fn bind_unicast(listen_ip: Ipv4Addr, interface: &str) -> Result<UdpSocket, SocketError> {
    let socket = bind(listen_ip, interface)?;
    socket
        .bind_device(None)
        .map_err(SocketError::io("untying a socket from its interface"))?;
    socket
        .set_reuse_address(true)
        .map_err(SocketError::io("setting SO_REUSEADDR"))?;
    setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)
        .map_err(io::Error::from)
        .map_err(SocketError::io("setting IP_PKTINFO"))?;
    register(socket)
}

/// The socket for broadcasts. Must be called within a tokio runtime.
pub fn bind_broadcast(interface: &str) -> Result<UdpSocket, SocketError> {
    register(bind(Ipv4Addr::BROADCAST, interface)?)
}

fn bind(ip: Ipv4Addr, interface: &str) -> Result<Socket, SocketError> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM.nonblocking(), Some(Protocol::UDP))
        .map_err(SocketError::io("opening a UDP socket"))?;
    socket
        .bind_device(Some(interface.as_bytes()))
        .map_err(SocketError::io("tying a socket to the interface"))?;
    raise_receive_buffer(&socket)?;
    let address = SocketAddrV4::new(ip, SERVER_PORT);
    socket
        .bind(&SockAddr::from(address))
        .map_err(|source| SocketError::bind(address, interface, source))?;
    Ok(socket)
}

/// Beyond `net.core.rmem_max` only with CAP_NET_ADMIN; without it, as far as that goes.
fn raise_receive_buffer(socket: &Socket) -> Result<(), SocketError> {
    if setsockopt(socket, sockopt::RcvBufForce, &SOCKET_RECEIVE_BYTES).is_ok() {
        return Ok(());
    }
    socket
        .set_recv_buffer_size(SOCKET_RECEIVE_BYTES)
        .map_err(SocketError::io("raising a receive buffer"))
}

fn register(socket: Socket) -> Result<UdpSocket, SocketError> {
    UdpSocket::from_std(socket.into())
        .map_err(SocketError::io("registering a UDP socket with the runtime"))
}
