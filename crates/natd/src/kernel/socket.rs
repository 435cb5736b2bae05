//! The netlink socket that requests go through.
//!
//! In: whole requests and transactions as bytes. Out: the kernel's answers. No `unsafe`.
//!
//! Blocking: netlink carries a request out inside `send`, which takes as long as the kernel's work
//! does. It queues the answer before `send` returns (a dump continues inside `recv`), so every
//! `recv` here asks not to wait, and an empty queue means that there is no more to come.

use super::KernelError;
use super::message::{Meaning, Message, messages};
use netlink_sys::constants::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use std::io;

/// Room for the largest datagram that the kernel makes for a dump (32 KiB), twice, in bytes.
const DATAGRAM: usize = 64 * 1024;
/// Send and receive buffers, in bytes: 131,070 forwards (every TCP and UDP port) take 4 MiB.
const BUFFER: usize = 8 * 1024 * 1024;
/// What the kernel keeps of the send buffer for itself, in bytes (`netlink_sendmsg`).
const SEND_OVERHEAD: usize = 32;

/// The socket.
pub(super) struct NetfilterSocket {
    socket: Socket,
    datagram: Vec<u8>,
    send_limit: usize,
}

/// The answers to one request.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// The first failure, with the sequence number of what failed.
    pub failure: Option<(u32, io::Error)>,
    /// The last acknowledged sequence number.
    pub acknowledged: Option<u32>,
    /// A dump came to its end.
    pub complete: bool,
    /// What was dumped changed meanwhile.
    pub interrupted: bool,
}

impl NetfilterSocket {
    pub(super) fn open() -> Result<Self, KernelError> {
        let failed = |doing| move |source| KernelError::Socket { doing, source };
        let mut socket = Socket::new(NETLINK_NETFILTER).map_err(failed("opening"))?;
        socket.bind_auto().map_err(failed("binding"))?;
        socket
            .connect(&SocketAddr::new(0, 0))
            .map_err(failed("connecting"))?;
        socket.set_cap_ack(true).map_err(failed("configuring"))?;
        let send_limit = raise_buffers(&socket).map_err(failed("sizing the buffers of"))?;
        Ok(Self {
            socket,
            datagram: Vec::with_capacity(DATAGRAM),
            send_limit,
        })
    }

    /// Sends `request` as one datagram and hands each data message of the answer to `take`.
    pub(super) fn exchange(
        &mut self,
        request: &[u8],
        mut take: impl FnMut(Message<'_>) -> Result<(), KernelError>,
    ) -> Result<Replies, KernelError> {
        while self.receive()? {} // What a failed exchange may have left.
        self.send(request)?;
        let mut replies = Replies::default();
        while self.receive()? {
            for message in messages(&self.datagram) {
                let message = message.map_err(|_| malformed())?;
                replies.interrupted |= message.interrupted();
                match message.meaning().map_err(|_| malformed())? {
                    Meaning::Data => take(message)?,
                    Meaning::Done => replies.complete = true,
                    Meaning::Acknowledged => replies.acknowledged = Some(message.sequence),
                    Meaning::Failed(error) => {
                        replies.failure.get_or_insert((message.sequence, error));
                    }
                    Meaning::Padding => {}
                }
            }
        }
        Ok(replies)
    }

    fn send(&self, request: &[u8]) -> Result<(), KernelError> {
        if request.len() > self.send_limit {
            return Err(KernelError::TooLarge {
                bytes: request.len(),
                limit: self.send_limit,
            });
        }
        let sent = self
            .socket
            .send(request, 0)
            .map_err(|source| KernelError::Socket {
                doing: "sending to",
                source,
            })?;
        assert_eq!(
            sent,
            request.len(),
            "netlink takes a datagram whole or not at all"
        );
        Ok(())
    }

    /// Receives one datagram into `self.datagram`; false if there is none.
    fn receive(&mut self) -> Result<bool, KernelError> {
        self.datagram.clear();
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        match self.socket.recv(&mut self.datagram, flags) {
            Ok(length) if length > self.datagram.len() => Err(KernelError::Answer {
                doing: "receiving",
                what: "is larger than a dump's datagram can be",
            }),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(source) => Err(KernelError::Socket {
                doing: "receiving from",
                source,
            }),
        }
    }
}

/// Raises the buffers as far as we may, and returns how long a request can be, in bytes.
fn raise_buffers(socket: &Socket) -> io::Result<usize> {
    // Beyond net.core.*mem_max only root of the whole machine may go; others get what the limit gives.
    if setsockopt(socket, sockopt::SndBufForce, &BUFFER).is_err() {
        setsockopt(socket, sockopt::SndBuf, &BUFFER)?;
    }
    if setsockopt(socket, sockopt::RcvBufForce, &BUFFER).is_err() {
        setsockopt(socket, sockopt::RcvBuf, &BUFFER)?;
    }
    Ok(getsockopt(socket, sockopt::SndBuf)?.saturating_sub(SEND_OVERHEAD))
}

const fn malformed() -> KernelError {
    KernelError::Answer {
        doing: "receiving",
        what: "is not a row of netlink messages",
    }
}
