//! Tries the hosts' own ports: ssh's and the peers'.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use jepsen_tests::history::{Answer, Entry, Function, Probe, Recorder, Value};
use lab::life::Mood;
use lab::netns::Netns;
use lab::topology::address::{RAFT_PORT, ROUTER, overlay, underlay, uplink};

use super::SSH;
use crate::names;

/// A connection, and the answer on it.
const ANSWERED: Duration = Duration::from_millis(400);
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(1_500);
/// Longer than any name.
const NAME_LIMIT: usize = 64;

/// One who tries.
#[derive(Debug)]
pub struct Prober {
    name: String,
    netns: Netns,
    /// The host that it is on.
    on: Option<u8>,
    /// What it tries, and whose that is.
    targets: Vec<(SocketAddr, u8)>,
}

impl Prober {
    /// From the machine `name` on host `on`: nothing of any host is open to it.
    pub fn inside(name: &str, netns: &Netns, on: u8, nodes: &[u8]) -> Self {
        let at = |address: Ipv4Addr, port, node| (SocketAddr::from((address, port)), node);
        let mut targets = vec![at(ROUTER, SSH, on), at(uplink(on), SSH, on)];
        for node in nodes {
            targets.push(at(overlay(*node), SSH, *node));
            targets.push(at(underlay(*node), RAFT_PORT, *node));
        }
        Self {
            name: name.to_owned(),
            netns: netns.clone(),
            on: Some(on),
            targets,
        }
    }

    /// From beyond the uplinks: ssh is the host's, and no forward leads to or from these ports.
    pub fn outside(name: &str, netns: &Netns, nodes: &[u8]) -> Self {
        let ports = [SSH, RAFT_PORT];
        let of = |node: &u8| ports.map(|port| (SocketAddr::from((uplink(*node), port)), *node));
        Self {
            name: name.to_owned(),
            netns: netns.clone(),
            on: None,
            targets: nodes.iter().flat_map(of).collect(),
        }
    }

    /// Tries all, again and again, until the mood is over.
    pub fn run(&self, recorder: &Recorder, mood: &Mood) -> Result<()> {
        self.netns.enter(|| {
            while !mood.is_over() {
                for (at, host) in &self.targets {
                    self.try_one(*at, *host, recorder)?;
                }
                std::thread::sleep(PAUSE);
            }
            Ok(())
        })
    }

    fn try_one(&self, at: SocketAddr, host: u8, recorder: &Recorder) -> Result<()> {
        let asked = recorder.clock().now();
        let (answer, by) = connect(at);
        let probe = Probe {
            from: self.name.clone(),
            at: at.to_string(),
            host: names::node(host),
            answer,
            by,
            asked,
        };
        let on = self.on.map(names::node);
        let entry = Entry::seen(Function::Probe, on.as_deref(), Value::Probe(probe));
        recorder.record(entry).context("writing the history")
    }
}

fn connect(at: SocketAddr) -> (Answer, Option<String>) {
    match TcpStream::connect_timeout(&at, ANSWERED) {
        // Whoever says nothing, or does not understand us, has no name.
        Ok(stream) => (Answer::Opened, ask(stream).unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => (Answer::Refused, None),
        Err(_) => (Answer::Silent, None),
    }
}

/// The name of whoever answers.
fn ask(mut stream: TcpStream) -> std::io::Result<Option<String>> {
    stream.set_read_timeout(Some(ANSWERED))?;
    stream.write_all(b"0 0\n")?;
    let mut buffer = [0; NAME_LIMIT];
    let length = stream.read(&mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..length]);
    Ok(text.split_whitespace().next().map(str::to_owned))
}
