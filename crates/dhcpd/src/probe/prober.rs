//! Sends conflict probes and listens for who answers.
//!
//! * **What flows in and out.** In: an address; out: who answered, after [`PROBE_WAIT`] at the
//!   latest. [`Prober::listen`] must be polled all the while, or every address looks clear.
//! * **What may block.** Nothing; probes run side by side.
//! * **Cancel safety.** Dropping a probe unregisters it. Dropping `listen` loses no frame.

use super::Answers;
use crate::limits::{PROBE_ANSWERS, PROBE_WAIT, PROBES_PER_ADDRESS};
use crate::socket::arp::{self, Sender};
use crate::socket::{Interface, PacketSocket, SocketError};
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// A probe could not be sent.
#[derive(Debug, thiserror::Error)]
#[error("sending a conflict probe for {address}")]
pub struct ProbeError {
    address: Ipv4Addr,
    source: io::Error,
}

impl ProbeError {
    /// Why `address` could not be probed.
    #[must_use]
    pub const fn new(address: Ipv4Addr, source: io::Error) -> Self {
        Self { address, source }
    }
}

/// Sends conflict probes and listens for answers.
#[derive(Debug)]
pub struct Prober {
    socket: PacketSocket,
    interface: Arc<Interface>,
    listeners: Mutex<Listeners>,
}

#[derive(Debug, Default)]
struct Listeners {
    by_address: BTreeMap<(Ipv4Addr, u64), Listener>,
    next: u64,
}

/// A probe that waits for an answer.
#[derive(Debug)]
struct Listener {
    except: Vec<[u8; 6]>,
    /// One of `except` that answered.
    excepted: Option<[u8; 6]>,
    answers: mpsc::Sender<[u8; 6]>,
}

/// A registration that ends when it is dropped.
struct Registered<'a> {
    prober: &'a Prober,
    key: (Ipv4Addr, u64),
    answers: mpsc::Receiver<[u8; 6]>,
}

impl Prober {
    /// A prober on this interface. Must be called within a tokio runtime.
    pub fn open(interface: Arc<Interface>) -> Result<Self, SocketError> {
        let socket = PacketSocket::for_arp(&interface)?;
        Ok(Self {
            socket,
            interface,
            listeners: Mutex::default(),
        })
    }

    /// Asks whether anybody uses `address`; the answers of `except` do not count.
    pub async fn probe(
        &self,
        address: Ipv4Addr,
        except: &[[u8; 6]],
    ) -> Result<Answers, ProbeError> {
        let mut registered = self.register(address, except);
        let start = Instant::now();
        for round in 1..=PROBES_PER_ADDRESS {
            let frame = arp::probe(self.interface.hardware(), address);
            let sent = self.socket.send(&frame).await;
            sent.map_err(|source| ProbeError::new(address, source))?;
            let until = start + PROBE_WAIT * round / PROBES_PER_ADDRESS;
            if let Some(hardware) = registered.answer(until).await {
                return Ok(Answers {
                    first: Some(hardware),
                    excepted: None,
                });
            }
        }
        Ok(Answers {
            first: None,
            excepted: registered.excepted(),
        })
    }

    /// Receives one ARP frame and passes it to the probe that waits for it.
    pub async fn listen(&self) -> io::Result<()> {
        let mut frame = [0; arp::ARP_FRAME_BYTES];
        let length = self.socket.receive(&mut frame).await?;
        if let Some(sender) = arp::sender(frame.get(..length).unwrap_or_default()) {
            self.tell(sender);
        }
        Ok(())
    }

    fn tell(&self, sender: Sender) {
        let mut listeners = self.listeners();
        let range = (sender.ip, u64::MIN)..=(sender.ip, u64::MAX);
        for (_, listener) in listeners.by_address.range_mut(range) {
            if listener.except.contains(&sender.hardware) {
                listener.excepted = Some(sender.hardware);
                continue;
            }
            // Full: it has answers enough. Closed: it is about to be unregistered.
            let _enough = listener.answers.try_send(sender.hardware);
        }
    }

    fn register(&self, address: Ipv4Addr, except: &[[u8; 6]]) -> Registered<'_> {
        let (sender, answers) = mpsc::channel(PROBE_ANSWERS);
        let mut listeners = self.listeners();
        let key = (address, listeners.next);
        listeners.next += 1;
        let listener = Listener {
            except: except.to_vec(),
            excepted: None,
            answers: sender,
        };
        listeners.by_address.insert(key, listener);
        Registered {
            prober: self,
            key,
            answers,
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered<'_> {
    /// The first answer until then that counts.
    async fn answer(&mut self, until: Instant) -> Option<[u8; 6]> {
        timeout_at(until, self.answers.recv()).await.ok()?
    }

    /// A host that answered and is ignored.
    fn excepted(&self) -> Option<[u8; 6]> {
        let listeners = self.prober.listeners();
        listeners.by_address.get(&self.key)?.excepted
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.prober.listeners().by_address.remove(&self.key);
    }
}
