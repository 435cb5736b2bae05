//! A gateway host, two clients on its LAN, a host outside, and a container that is not ours.
//!
//! ```text
//! a 10.15.3.20 ─┐                      gateway (this thread)                ┌─ outside 203.0.113.100
//!               ├─ OCvpsnet 10.15.3.1, 10.15.3.10       vmbr0 203.0.113.1 ──┘
//! b 10.15.3.21 ─┘                 docker0 172.17.0.1 ── container 172.17.0.2
//! ```
//!
//! `b` is a client of another host: its default gateway is not this one.

use crate::common::{LAN, UPLINK};
use crate::sandbox::run;
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{
    Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, ToSocketAddrs, UdpSocket,
};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a connection may take that should work.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long we wait for what should not work.
const REFUSAL: Duration = Duration::from_millis(400);

/// The hosts besides the gateway.
const HOSTS: [&str; 4] = ["a", "b", "outside", "container"];

pub struct Lab;

impl Lab {
    pub fn new() -> Self {
        for host in HOSTS {
            run("ip", &["netns", "add", host]);
        }
        ip(&format!("link add {LAN} type bridge"));
        for (host, port) in [("a", "port-a"), ("b", "port-b")] {
            ip(&format!(
                "link add {port} type veth peer name eth0 netns {host}"
            ));
            ip(&format!("link set {port} master {LAN} up"));
        }
        ip(&format!(
            "link add {UPLINK} type veth peer name eth0 netns outside"
        ));
        ip("link add docker0 type veth peer name eth0 netns container");
        for (interface, address) in [
            (LAN, "10.15.3.1/24"),
            (LAN, "10.15.3.10/24"),
            (UPLINK, "203.0.113.1/24"),
            ("docker0", "172.17.0.1/24"),
        ] {
            ip(&format!("address add {address} dev {interface}"));
            ip(&format!("link set {interface} up"));
        }
        host("a", "10.15.3.20/24", "default via 10.15.3.1");
        host("b", "10.15.3.21/24", "default via 10.15.3.99");
        host(
            "outside",
            "203.0.113.100/24",
            "10.15.3.0/24 via 203.0.113.1",
        );
        ip("-n outside route add 172.17.0.0/24 via 203.0.113.1");
        host("container", "172.17.0.2/24", "default via 172.17.0.1");
        Self
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for host in HOSTS {
            run("ip", &["netns", "delete", host]);
        }
    }
}

fn host(name: &str, address: &str, route: &str) {
    ip(&format!("-n {name} address add {address} dev eth0"));
    ip(&format!("-n {name} link set lo up"));
    ip(&format!("-n {name} link set eth0 up"));
    ip(&format!("-n {name} route add {route}"));
}

/// Runs `ip` on the gateway.
pub fn ip(command: &str) {
    run("ip", &command.split_whitespace().collect::<Vec<_>>());
}

/// Does `work` on a host.
pub fn on<T: Send + 'static>(host: &'static str, work: impl FnOnce() -> T + Send + 'static) -> T {
    start_on(host, work)
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn start_on<T: Send + 'static>(
    host: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    std::thread::spawn(move || {
        if host != "gateway" {
            let namespace = File::open(format!("/run/netns/{host}")).expect("the host is there");
            setns(namespace, CloneFlags::CLONE_NEWNET).expect("the host can be entered");
        }
        work()
    })
}

/// A service that tells each client who it seems to be, then echoes. It ends with the process.
pub fn serve(host: &'static str, port: u16) {
    let listener = on(host, move || {
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("the port is free")
    });
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a client");
            std::thread::spawn(move || greet(host, &mut client));
        }
    });
}

/// A client that goes away is no error.
fn greet(host: &str, client: &mut TcpStream) -> io::Result<()> {
    let SocketAddr::V4(peer) = client.peer_addr()? else {
        panic!("IPv4 only")
    };
    writeln!(client, "{host} sees {}", peer.ip())?;
    let mut buffer = [0; 64];
    loop {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            length => client.write_all(&buffer[..length])?,
        }
    }
}

/// Connects from a host and returns the greeting and the connection.
pub fn connect(host: &'static str, to: &str) -> io::Result<(String, TcpStream)> {
    connect_within(host, to, PATIENCE)
}

/// Whether a connection that should not work does not.
pub fn is_blocked(host: &'static str, to: &str) -> bool {
    connect_within(host, to, REFUSAL).is_err()
}

fn connect_within(
    host: &'static str,
    to: &str,
    limit: Duration,
) -> io::Result<(String, TcpStream)> {
    let to: SocketAddrV4 = to.parse().expect("an address");
    on(host, move || {
        let address = to.to_socket_addrs()?.next().expect("one address");
        let mut connection = TcpStream::connect_timeout(&address, limit)?;
        connection.set_read_timeout(Some(limit))?;
        connection.set_nodelay(true)?;
        Ok((read_line(&mut connection)?, connection))
    })
}

fn read_line(connection: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        connection.read_exact(&mut byte)?;
        match byte {
            [b'\n'] => return Ok(String::from_utf8_lossy(&line).into_owned()),
            [byte] => line.push(byte),
        }
    }
}

/// A datagram socket of a host.
pub fn datagrams(host: &'static str, address: &str) -> UdpSocket {
    let address: SocketAddr = address.parse().expect("an address");
    on(host, move || {
        let socket = UdpSocket::bind(address).expect("the port is free");
        let patience = socket.set_read_timeout(Some(PATIENCE));
        patience.expect("a time limit can be set");
        socket
    })
}

/// A socket of a host for packets of an IP protocol of its own.
pub fn raw(host: &'static str, version: socket2::Domain, protocol: i32) -> UdpSocket {
    on(host, move || {
        let protocol = Some(socket2::Protocol::from(protocol));
        let socket = socket2::Socket::new(version, socket2::Type::RAW, protocol);
        socket.expect("root may").into()
    })
}

/// One exchange over a connection.
pub fn ping(connection: &mut TcpStream) -> io::Result<()> {
    connection.write_all(b"x")?;
    connection.read_exact(&mut [0])
}

/// Whether `socket` receives something when `sending` sends it.
pub fn receives(socket: &UdpSocket, sending: impl FnOnce() -> io::Result<usize>) -> bool {
    let mut buffer = [0; 64];
    socket.set_nonblocking(true).expect("a mode can be set");
    while socket.recv(&mut buffer).is_ok() {} // What came before.
    socket.set_nonblocking(false).expect("a mode can be set");
    socket
        .set_read_timeout(Some(REFUSAL))
        .expect("a time limit can be set");
    sending().expect("a datagram is sent");
    let received = socket.recv(&mut buffer).is_ok();
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("a time limit can be set");
    received
}

/// Whether a datagram from `from` on `host` to `to` arrives at `socket`.
pub fn delivers(host: &'static str, from: &str, to: &str, socket: &UdpSocket) -> bool {
    let sender = datagrams(host, from);
    receives(socket, || sender.send_to(b"x", to))
}

/// The same service by IPv6.
pub fn serve6(host: &'static str, port: u16) {
    let listener = on(host, move || {
        TcpListener::bind((std::net::Ipv6Addr::UNSPECIFIED, port)).expect("the port is free")
    });
    std::thread::spawn(move || while listener.accept().is_ok() {});
}

/// Whether a connection to a link-local address on `eth0` does not come about.
pub fn is_blocked6(host: &'static str, to: &str, port: u16) -> bool {
    let to: std::net::Ipv6Addr = to.parse().expect("an address");
    on(host, move || {
        let index = nix::net::if_::if_nametoindex("eth0").expect("the interface is there");
        let to = std::net::SocketAddrV6::new(to, port, 0, index);
        TcpStream::connect_timeout(&to.into(), REFUSAL).is_err()
    })
}
