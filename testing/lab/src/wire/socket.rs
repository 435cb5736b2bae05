//! A packet socket: whole Ethernet frames, as they are.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send,
    setsockopt, socket, sockopt,
};

/// Room for a storm's replies while the reader is busy.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
/// Larger than any frame of the lab.
const FRAME_LIMIT: usize = 2048;

/// Sends and receives frames on one interface. It hears frames for any hardware address.
#[derive(Debug)]
pub struct PacketSocket {
    fd: OwnedFd,
}

impl PacketSocket {
    /// Opens one on `interface` of the network namespace this thread is in.
    pub fn open(interface: &str) -> Result<Self> {
        let fd = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::EthAll,
        )
        .context("opening a packet socket")?;
        setsockopt(&fd, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES)
            .context("enlarging the receive buffer")?;
        bind(fd.as_raw_fd(), &link_address(interface)?)
            .with_context(|| format!("binding a packet socket to {interface}"))?;
        Ok(Self { fd })
    }

    /// Sends a whole frame.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        send(self.fd.as_raw_fd(), frame, MsgFlags::empty()).context("sending a frame")?;
        Ok(())
    }

    /// The next frame, or `None` once `deadline` has passed.
    pub fn receive(&self, deadline: Instant) -> Result<Option<Vec<u8>>> {
        let mut buffer = [0; FRAME_LIMIT];
        loop {
            match recv(self.fd.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) => return Ok(Some(buffer[..length].to_vec())),
                Err(Errno::EAGAIN) => {
                    if !self.wait_readable(deadline)? {
                        return Ok(None);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error).context("receiving a frame"),
            }
        }
    }

    /// Waits for a frame; `false` once `deadline` has passed.
    fn wait_readable(&self, deadline: Instant) -> Result<bool> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        // Rounded up, so that the last partial millisecond is slept and not spun through.
        let timeout = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(true),
            Err(error) => Err(error).context("waiting for a frame"),
        }
    }
}

/// The kernel's own description of the interface: it carries the index that `bind` needs. Its protocol
/// is zero, which leaves the one the socket was opened with.
pub(crate) fn link_address(interface: &str) -> Result<LinkAddr> {
    getifaddrs()
        .context("listing interfaces")?
        .filter(|entry| entry.interface_name == interface)
        .find_map(|entry| entry.address?.as_link_addr().copied())
        .ok_or_else(|| anyhow!("there is no interface {interface}"))
}
