//! Change notifications from the kernel: nf_tables and IPv4 configuration.
//!
//! In: two netlink multicast groups. Out: [`KernelEvents::changed`]. The messages are not read: a burst
//! of them is one event, and so is the report that some were lost (`ENOBUFS`). Nothing blocks.

use super::{KernelError, KernelEvents};
use futures::FutureExt;
use netlink_sys::constants::{NETLINK_NETFILTER, NETLINK_ROUTE};
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
use std::io;

/// What is kept of a datagram, in bytes: nothing is read from it, so the kernel cuts it off.
const DATAGRAM: usize = 16;
/// How many datagrams are thrown away at once before the event is reported.
const MAX_BURST: usize = 1024;

/// Subscriptions to what may concern us, in the network namespace where they were opened.
pub struct NetlinkEvents {
    /// Every transaction of nf_tables, ours included.
    rulesets: TokioSocket,
    /// `ip_forward` and its like.
    configuration: TokioSocket,
}

impl NetlinkEvents {
    /// Subscribes. Must be called within a tokio runtime.
    pub fn open() -> Result<Self, KernelError> {
        Ok(Self {
            rulesets: subscribe(NETLINK_NETFILTER, libc::NFNLGRP_NFTABLES as u32)?,
            configuration: subscribe(NETLINK_ROUTE, libc::RTNLGRP_IPV4_NETCONF)?,
        })
    }
}

impl KernelEvents for NetlinkEvents {
    async fn changed(&mut self) -> Result<(), KernelError> {
        tokio::select! {
            result = burst(&mut self.rulesets) => result,
            result = burst(&mut self.configuration) => result,
        }
        .map_err(failed("receiving changes from"))
    }
}

fn subscribe(protocol: isize, group: u32) -> Result<TokioSocket, KernelError> {
    let mut socket = TokioSocket::new(protocol).map_err(failed("opening"))?;
    socket
        .socket_mut()
        .bind(&SocketAddr::new(0, 0))
        .map_err(failed("binding"))?;
    socket
        .socket_mut()
        .add_membership(group)
        .map_err(failed("subscribing to changes by"))?;
    Ok(socket)
}

/// Waits for a message, then throws away those that have queued up. Cancel-safe: there is nothing to
/// lose between the wait's end and the return, because nothing in between waits.
async fn burst(socket: &mut TokioSocket) -> io::Result<()> {
    discard(socket).await?;
    for _ in 1..MAX_BURST {
        match discard(socket).now_or_never() {
            Some(result) => result?,
            None => break,
        }
    }
    Ok(())
}

async fn discard(socket: &mut TokioSocket) -> io::Result<()> {
    let mut start = [0_u8; DATAGRAM];
    match socket.recv(&mut &mut start[..]).await {
        Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(()),
        result => result.map(drop),
    }
}

fn failed(doing: &'static str) -> impl FnOnce(io::Error) -> KernelError {
    move |source| KernelError::Socket { doing, source }
}
