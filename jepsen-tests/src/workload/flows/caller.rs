//! One flow: numbered messages, and who answered which.
//!
//! A TCP connection that ends, or is not answered for some seconds, is made anew; a datagram always
//! leaves from the same socket, so that it goes where its flow was once led, if anything still leads there.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jepsen_tests::history::{Entry, Flow, FlowEvent, Function, Recorder, Value};
use lab::life::Mood;
use lab::netns::Netns;

/// Between two messages.
const INTERVAL: Duration = Duration::from_millis(300);
/// After so long without an answer a connection is given up.
const GIVE_UP: Duration = Duration::from_secs(5);
/// Longer than any answer.
const ANSWER_LIMIT: usize = 256;

/// What carries a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A connection.
    Tcp,
    /// Datagrams.
    Udp,
}

/// One who keeps a flow.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The flow's name.
    pub name: String,
    /// The host that it goes through.
    pub node: String,
    /// Where the caller is.
    pub netns: Netns,
    /// What carries it.
    pub transport: Transport,
    /// Whom it calls.
    pub server: SocketAddr,
    /// The forward that it goes through, if any.
    pub public: Option<String>,
    /// Address and port that it is meant for.
    pub target: String,
}

/// The way to the server.
enum Line {
    Tcp(SocketAddr, Option<Connection>),
    Udp(UdpSocket),
}

struct Connection {
    stream: TcpStream,
    heard: Vec<u8>,
    /// The last answer, or the beginning.
    last: Instant,
}

/// Why a connection is no more.
type Break = String;

impl Transport {
    /// As operators write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl Caller {
    /// Sends messages until the mood is over.
    pub fn run(&self, recorder: &Recorder, mood: &Mood) -> Result<()> {
        self.netns.enter(|| {
            let mut line = Line::new(self.transport, self.server)
                .with_context(|| format!("{} opens a socket", self.name))?;
            self.record(
                recorder,
                Flow {
                    public: self.public.clone(),
                    target: Some(self.target.clone()),
                    ..self.moment(FlowEvent::Begun, 0)
                },
            )?;
            let mut number = 0;
            while !mood.is_over() {
                number += 1;
                self.exchange(&mut line, number, recorder)?;
            }
            self.record(recorder, self.moment(FlowEvent::Ended, number))
        })
    }

    /// Sends one message, and takes what answers come until the next is due.
    fn exchange(&self, line: &mut Line, number: u64, recorder: &Recorder) -> Result<()> {
        let until = Instant::now() + INTERVAL;
        let sent = recorder.clock().now();
        let mut heard = |answer: &str| {
            let moment = self.answered(answer);
            moment.map_or(Ok(()), |moment| self.record(recorder, moment))
        };
        if let Some(broken) = line.exchange(&format!("{number} {sent}\n"), until, &mut heard)? {
            let detail = Some(broken);
            self.record(
                recorder,
                Flow {
                    detail,
                    ..self.moment(FlowEvent::Broken, number)
                },
            )?;
        }
        Ok(())
    }

    /// `vm4 17 4711`; whatever else is no answer to us.
    fn answered(&self, answer: &str) -> Option<Flow> {
        let mut words = answer.split_whitespace();
        let by = words.next()?.to_owned();
        let number = words.next()?.parse().ok()?;
        Some(Flow {
            by: Some(by),
            sent: Some(words.next()?.parse().ok()?),
            ..self.moment(FlowEvent::Answered, number)
        })
    }

    fn moment(&self, event: FlowEvent, number: u64) -> Flow {
        Flow {
            flow: self.name.clone(),
            event,
            number,
            sent: None,
            by: None,
            public: None,
            target: None,
            detail: None,
        }
    }

    fn record(&self, recorder: &Recorder, flow: Flow) -> Result<()> {
        let entry = Entry::seen(Function::Flow, Some(&self.node), Value::Flow(flow));
        recorder.record(entry).context("writing the history")
    }
}

impl Line {
    fn new(transport: Transport, server: SocketAddr) -> Result<Self> {
        Ok(match transport {
            Transport::Tcp => Self::Tcp(server, None),
            Transport::Udp => {
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
                socket.connect(server)?;
                Self::Udp(socket)
            }
        })
    }

    /// Sends `message` and hands on the answers that come until `until`.
    fn exchange(
        &mut self,
        message: &str,
        until: Instant,
        heard: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<Option<Break>> {
        match self {
            Self::Udp(socket) => {
                // What ICMP says of an earlier message comes as an error now; silence says as much.
                let _ = socket.send(message.as_bytes());
                hear_datagrams(socket, until, heard)?;
                Ok(None)
            }
            Self::Tcp(server, connection) => {
                if connection.is_none() {
                    let opened = TcpStream::connect_timeout(server, INTERVAL);
                    *connection = opened.ok().map(Connection::new);
                }
                let Some(open) = connection else {
                    wait(until);
                    return Ok(None);
                };
                let broken = open.exchange(message, until, heard)?;
                if broken.is_some() {
                    *connection = None;
                    wait(until);
                }
                Ok(broken)
            }
        }
    }
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            heard: Vec::new(),
            last: Instant::now(),
        }
    }

    fn exchange(
        &mut self,
        message: &str,
        until: Instant,
        heard: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<Option<Break>> {
        if let Err(error) = self.stream.write_all(message.as_bytes()) {
            return Ok(Some(error.to_string()));
        }
        let mut buffer = [0; ANSWER_LIMIT];
        while let Some(left) = left(until) {
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(Some("closed by the other side".to_owned())),
                Ok(length) => self.heard.extend_from_slice(&buffer[..length]),
                Err(error) if is_timeout(&error) => break,
                Err(error) => return Ok(Some(error.to_string())),
            }
            while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                self.last = Instant::now();
                heard(&String::from_utf8_lossy(&line))?;
            }
        }
        let silent = self.last.elapsed() > GIVE_UP;
        Ok(silent.then(|| format!("no answer for {GIVE_UP:?}")))
    }
}

fn hear_datagrams(
    socket: &UdpSocket,
    until: Instant,
    heard: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut buffer = [0; ANSWER_LIMIT];
    while let Some(left) = left(until) {
        socket.set_read_timeout(Some(left))?;
        match socket.recv(&mut buffer) {
            Ok(length) => heard(&String::from_utf8_lossy(&buffer[..length]))?,
            Err(error) if is_timeout(&error) => break,
            // ICMP: nobody is there. What matters is that nothing is heard.
            Err(_) => {}
        }
    }
    Ok(())
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn left(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

fn wait(until: Instant) {
    if let Some(left) = left(until) {
        std::thread::sleep(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_who_answers_what() {
        let caller = Caller {
            name: "out-tcp-1".to_owned(),
            node: "n1".to_owned(),
            netns: Netns::named("nowhere"),
            transport: Transport::Tcp,
            server: ([127, 0, 0, 1], 7000).into(),
            public: None,
            target: "127.0.0.1:7000".to_owned(),
        };
        let heard = caller.answered("vm4 17 4711\n").expect("an answer");
        assert_eq!((heard.number, heard.sent), (17, Some(4711)));
        assert_eq!(heard.by.as_deref(), Some("vm4"));
        assert_eq!(caller.answered("vm4 seventeen 4711"), None);
    }
}
