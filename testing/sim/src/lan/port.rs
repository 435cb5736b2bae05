//! A node's port on the link: the simulated end of dhcpd's [`ClientLink`].
//!
//! **Cancel safety.** As [`ClientLink`] asks: what has arrived stays until it is taken, and what is sent
//! is sent at once.

use async_trait::async_trait;
use bytes::Bytes;
use dhcpd::addressing::Destination;
use dhcpd::decide::Arrival;
use dhcpd::limits::{PROBE_WAIT, PROBES_PER_ADDRESS};
use dhcpd::probe::{Answers, ProbeError, ProbeResult};
use dhcpd::socket::SocketError;
use dhcpd::{ClientLink, RecvMeta};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

/// How many datagrams wait for a node that does not take them; more are lost, as in a real socket.
const RECEIVE_QUEUE: usize = 1024;

/// What a node has put on the link.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A DHCP reply.
    Reply(Destination, Bytes),
    /// Who has this address?
    ArpProbe(Ipv4Addr),
}

/// The port. Clones are the same one.
#[derive(Clone, Default)]
pub struct LanPort(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    is_open: bool,
    /// It takes nothing that is sent.
    is_failing: bool,
    received: VecDeque<(Bytes, Arrival)>,
    sent: VecDeque<Outgoing>,
    probes: BTreeMap<u64, Probe>,
    next_probe: u64,
}

struct Probe {
    address: Ipv4Addr,
    except: Vec<[u8; 6]>,
    excepted: Option<[u8; 6]>,
    answer: oneshot::Sender<[u8; 6]>,
}

/// What a port has sent since it was last asked.
pub type Sent = VecDeque<Outgoing>;

impl LanPort {
    /// The node's server listens from now on.
    pub fn open(&self) {
        self.lock().is_open = true;
    }

    /// What is sent fails from now on, or works again.
    pub fn set_failing(&self, fails: bool) {
        self.lock().is_failing = fails;
    }

    /// A datagram arrives; whether anybody will read it.
    pub fn hear(&self, datagram: Bytes, arrival: Arrival) -> bool {
        let mut state = self.lock();
        let room = state.is_open && state.received.len() < RECEIVE_QUEUE;
        if room {
            state.received.push_back((datagram, arrival));
        }
        drop(state);
        self.0.arrived.notify_one();
        room
    }

    /// Somebody says that the address is its own.
    pub fn hear_arp(&self, address: Ipv4Addr, hardware: [u8; 6]) {
        let mut state = self.lock();
        let asked = state.probes.iter_mut();
        let asked = asked.filter(|(_, probe)| probe.address == address);
        let (excepted, counted): (Vec<_>, Vec<_>) =
            asked.partition(|(_, probe)| probe.except.contains(&hardware));
        for (_, probe) in excepted {
            probe.excepted = Some(hardware);
        }
        let counted: Vec<_> = counted.into_iter().map(|(number, _)| *number).collect();
        for number in counted {
            if let Some(probe) = state.probes.remove(&number) {
                // Who asked may have gone.
                probe.answer.send(hardware).ok();
            }
        }
    }

    /// Takes what was sent.
    #[must_use]
    pub fn take_sent(&self) -> Sent {
        std::mem::take(&mut self.lock().sent)
    }

    fn begin_probe(
        &self,
        address: Ipv4Addr,
        except: &[[u8; 6]],
    ) -> (u64, oneshot::Receiver<[u8; 6]>) {
        let (answer, answered) = oneshot::channel();
        let mut state = self.lock();
        state.next_probe += 1;
        let number = state.next_probe;
        let probe = Probe {
            address,
            except: except.to_vec(),
            excepted: None,
            answer,
        };
        state.probes.insert(number, probe);
        (number, answered)
    }

    fn send_now(&self, outgoing: Outgoing) -> io::Result<()> {
        let mut state = self.lock();
        if state.is_failing {
            return Err(io::ErrorKind::NetworkDown.into());
        }
        state.sent.push_back(outgoing);
        Ok(())
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ClientLink for LanPort {
    fn name(&self) -> &str {
        "lan"
    }

    fn check(&self) -> Result<(), SocketError> {
        Ok(())
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<RecvMeta> {
        loop {
            if let Some((datagram, arrival)) = self.lock().received.pop_front() {
                let length = datagram.len().min(buffer.len());
                buffer[..length].copy_from_slice(&datagram[..length]);
                return Ok(RecvMeta { length, arrival });
            }
            self.0.arrived.notified().await;
        }
    }

    async fn send(&self, to: Destination, reply: &[u8]) -> io::Result<()> {
        self.send_now(Outgoing::Reply(to, Bytes::copy_from_slice(reply)))
    }

    async fn probe(&self, address: Ipv4Addr, except: &[[u8; 6]]) -> Result<Answers, ProbeError> {
        let (number, mut answered) = self.begin_probe(address, except);
        let start = Instant::now();
        for sent in 1..=PROBES_PER_ADDRESS {
            if let Err(error) = self.send_now(Outgoing::ArpProbe(address)) {
                self.lock().probes.remove(&number);
                return Err(ProbeError::new(address, error));
            }
            let until = start + PROBE_WAIT * sent / PROBES_PER_ADDRESS;
            if let Ok(Ok(hardware)) = timeout_at(until, &mut answered).await {
                return Ok(Answers {
                    first: Some(hardware),
                    excepted: None,
                });
            }
        }
        let probe = self.lock().probes.remove(&number);
        Ok(Answers {
            first: None,
            excepted: probe.and_then(|probe| probe.excepted),
        })
    }

    /// Who is behind the relay answers ARP here, as through a proxy.
    async fn echo(&self, address: Ipv4Addr) -> Result<ProbeResult, ProbeError> {
        let answers = self.probe(address, &[]).await?;
        Ok(answers
            .first
            .map_or(ProbeResult::Clear, |_| ProbeResult::Answered))
    }
}
