//! The two UDP sockets on port 67.
//!
//! Neither shares its port while it is being bound: a second DHCP server on the same interface is
//! an error that the operator must see, not a coin toss over who hears the clients.

use super::{SERVER_PORT, SocketError};
use crate::limits::SOCKET_RECEIVE_BYTES;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::net::{Ipv4Addr, SocketAddrV4};
use tokio::net::UdpSocket;

/// The socket for unicast: bound to `listen_ip`. Must be called within a tokio runtime.
///
/// While it is bound it is tied to the interface, so that a server on *another* interface of this
/// host (Proxmox runs a dnsmasq for each simple zone) is no conflict, and one on this interface
/// is. Then it is untied, because unicast may reach us by another way, and marked as sharing, so
/// that those others can still be started after us.
pub fn bind_unicast(listen_ip: Ipv4Addr, interface: &str) -> Result<UdpSocket, SocketError> {
    let socket = bind(listen_ip, interface)?;
    socket
        .bind_device(None)
        .map_err(SocketError::io("untying a socket from its interface"))?;
    socket
        .set_reuse_address(true)
        .map_err(SocketError::io("setting SO_REUSEADDR"))?;
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
