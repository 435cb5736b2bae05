//! Who answers: every line by TCP, and every datagram by UDP, with its own name before it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lab::life::Mood;
use lab::netns::Netns;

/// How often it looks for something to answer.
const POLL: Duration = Duration::from_millis(10);
/// A connection that says nothing for so long is forgotten: nothing tells that its way was closed.
const IDLE: Duration = Duration::from_secs(30);
/// How long it answers beyond the mood's end: who calls has until then to end by itself.
const LAST: Duration = Duration::from_secs(2);
/// Longer than any message.
const LINE_LIMIT: usize = 256;

/// One who answers on some addresses of a network.
#[derive(Debug)]
pub struct Server {
    name: String,
    netns: Netns,
    at: Vec<SocketAddr>,
}

struct Sockets {
    listeners: Vec<TcpListener>,
    datagrams: Vec<UdpSocket>,
    connections: Vec<Connection>,
}

struct Connection {
    stream: TcpStream,
    heard: Vec<u8>,
    last: Instant,
}

impl Server {
    /// Called `name`, at `at` in `netns`.
    pub fn new(name: &str, netns: &Netns, at: Vec<SocketAddr>) -> Self {
        Self {
            name: name.to_owned(),
            netns: netns.clone(),
            at,
        }
    }

    /// Answers until the mood is over.
    pub fn run(&self, mood: &Mood) -> Result<()> {
        self.netns.enter(|| {
            let mut sockets = Sockets::open(&self.at)
                .with_context(|| format!("{} opens its sockets", self.name))?;
            while !mood.is_over() {
                sockets.turn(&self.name)?;
                std::thread::sleep(POLL);
            }
            let end = Instant::now() + LAST;
            while Instant::now() < end {
                sockets.turn(&self.name)?;
                std::thread::sleep(POLL);
            }
            Ok(())
        })
    }
}

impl Sockets {
    fn open(at: &[SocketAddr]) -> Result<Self> {
        let mut all = Self {
            listeners: Vec::new(),
            datagrams: Vec::new(),
            connections: Vec::new(),
        };
        for address in at {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            all.listeners.push(listener);
            let socket = UdpSocket::bind(address)?;
            socket.set_nonblocking(true)?;
            all.datagrams.push(socket);
        }
        Ok(all)
    }

    /// Answers what is there.
    fn turn(&mut self, name: &str) -> Result<()> {
        for listener in &self.listeners {
            while let Some((stream, _)) = there(listener.accept())? {
                stream.set_nonblocking(true)?;
                self.connections.push(Connection {
                    stream,
                    heard: Vec::new(),
                    last: Instant::now(),
                });
            }
        }
        for socket in &self.datagrams {
            let mut buffer = [0; LINE_LIMIT];
            while let Some((length, from)) = there(socket.recv_from(&mut buffer))? {
                let answer = [name.as_bytes(), b" ", &buffer[..length]].concat();
                // An answer that cannot be sent is lost, as on any way.
                let _ = socket.send_to(&answer, from);
            }
        }
        self.connections.retain_mut(|one| one.turn(name));
        Ok(())
    }
}

impl Connection {
    /// Answers what is there, and says whether there may be more.
    fn turn(&mut self, name: &str) -> bool {
        let mut buffer = [0; LINE_LIMIT];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(length) => self.heard.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // The caller has hung up.
                Err(_) => return false,
            }
        }
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            let answer = [name.as_bytes(), b" ", &line].concat();
            if self.stream.write_all(&answer).is_err() {
                return false;
            }
            self.last = Instant::now();
        }
        self.heard.len() < LINE_LIMIT && self.last.elapsed() < IDLE
    }
}

/// What a socket that does not wait has, if anything. A caller that hung up in the queue is nothing.
fn there<T>(outcome: std::io::Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::ConnectionAborted => Ok(None),
            _ => Err(error).context("looking for callers"),
        },
    }
}
