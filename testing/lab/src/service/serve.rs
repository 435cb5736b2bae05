//! The server: answers each TCP connection and each UDP datagram with the peer's address.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::thread;

use anyhow::{Context, Result, anyhow};

/// Printed once both sockets are open.
pub const READY: &str = "serving on";

/// Larger than any datagram that is sent here.
const DATAGRAM_LIMIT: usize = 1500;

/// Serves TCP and UDP on `listen` until the process ends.
pub fn serve(listen: SocketAddr) -> Result<()> {
    let tcp = TcpListener::bind(listen).with_context(|| format!("listening on TCP {listen}"))?;
    let udp = UdpSocket::bind(listen).with_context(|| format!("listening on UDP {listen}"))?;
    writeln!(io::stderr(), "{READY} {listen}").context("reporting readiness")?;
    let datagrams = thread::spawn(move || serve_udp(&udp));
    serve_tcp(&tcp)?;
    datagrams
        .join()
        .map_err(|_| anyhow!("the UDP thread panicked"))?
}

fn serve_tcp(listener: &TcpListener) -> Result<()> {
    loop {
        let (mut connection, peer) = listener.accept().context("accepting a connection")?;
        // A caller that hangs up before the answer is its own affair.
        if let Err(error) = connection.write_all(peer.ip().to_string().as_bytes()) {
            writeln!(io::stderr(), "answering {peer}: {error}").context("logging")?;
        }
    }
}

fn serve_udp(socket: &UdpSocket) -> Result<()> {
    let mut buffer = [0; DATAGRAM_LIMIT];
    loop {
        let (_, peer) = socket
            .recv_from(&mut buffer)
            .context("receiving a datagram")?;
        if let Err(error) = socket.send_to(peer.ip().to_string().as_bytes(), peer) {
            writeln!(io::stderr(), "answering {peer}: {error}").context("logging")?;
        }
    }
}
