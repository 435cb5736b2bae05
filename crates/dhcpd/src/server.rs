//! The shell: tasks and the clock. It carries messages to and from the [`Engine`].
//!
//! * **What it is not.** A place where anything is decided, or a socket: the link is a port.
//! * **What flows in and out.** Datagrams, replies and probes by [`ClientLink`]; proposals by
//!   [`LeaseService`]; counters and log lines.
//! * **Time** is tokio's: a runtime whose clock is paused has this server run in virtual time. On
//!   one thread, what it does then follows from what it is given: no other clock is read, no
//!   random number drawn.
//! * **Invariants.** The engine's lock is held for one call and never across an await. Whatever a
//!   packet does, the loop goes on; only the loss of the interface ends it.
//! * **Cancel safety.** Dropping [`DhcpServer::run`] aborts every request being answered: no reply
//!   leaves afterwards. What was proposed is then committed or not, and the clients ask again.

mod housekeeping;
mod logging;
mod possible_conflicts;
mod rechecks;
mod requests;

use crate::MonotonicTime;
use crate::client_link::{ClientLink, RecvMeta};
use crate::counters::Counters;
use crate::engine::{Engine, ServerIdentity};
use crate::limit::RateLimits;
use crate::limits::{HOUSEKEEPING_INTERVAL, RECEIVE_BUFFER_BYTES};
use crate::packet_log::{PacketLog, PacketLogReader};
use crate::port::LeaseService;
use crate::socket::{KernelLink, SocketError};
use ipam::{NodeId, SubnetId};
use logging::LogLimiter;
use possible_conflicts::PossibleConflicts;
use rechecks::Rechecks;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// What an operator says about one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// This node.
    pub node: NodeId,
    /// The subnet it serves.
    pub subnet: SubnetId,
    /// The interface on that subnet's link.
    pub interface: String,
    /// This node's own address there: bound, and the server identifier (option 54).
    pub listen_ip: Ipv4Addr,
    /// The relay agents that are listened to, by every address that they send from; none others are.
    pub relays: Vec<Ipv4Addr>,
    /// How many commands clients may cause.
    pub limits: RateLimits,
}

/// Why a server cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A socket.
    #[error("serving DHCP on {interface}")]
    Socket {
        /// Where.
        interface: String,
        /// Why.
        source: SocketError,
    },
}

/// A DHCP server on one link, for one subnet.
pub struct DhcpServer {
    shared: Arc<Shared>,
}

/// What every request's task uses.
struct Shared {
    engine: Mutex<Engine>,
    identity: ServerIdentity,
    service: Arc<dyn LeaseService>,
    counters: Arc<Counters>,
    link: Arc<dyn ClientLink>,
    origin: Instant,
    log: LogLimiter,
    possible_conflicts: Mutex<PossibleConflicts>,
    rechecks: Mutex<Rechecks>,
    has_relays: bool,
    packet_log: Arc<Mutex<PacketLog>>,
}

impl DhcpServer {
    /// A server on the configured interface of this host. Must be called within a tokio runtime.
    pub fn bind(
        config: &ServerConfig,
        service: Arc<dyn LeaseService>,
    ) -> Result<Self, ServerError> {
        let link = KernelLink::bind(&config.interface, config.listen_ip, &config.relays);
        let link = link.map_err(|source| ServerError::Socket {
            interface: config.interface.clone(),
            source,
        })?;
        Ok(Self::on(Arc::new(link), config, service))
    }

    /// A server on a link of the caller's. Must be called within a tokio runtime.
    #[must_use]
    pub fn on(
        link: Arc<dyn ClientLink>,
        config: &ServerConfig,
        service: Arc<dyn LeaseService>,
    ) -> Self {
        let identity = ServerIdentity {
            node: config.node,
            subnet: config.subnet,
            server_identifier: config.listen_ip,
        };
        let mut engine = Engine::new(identity, &config.limits).with_relays(&config.relays);
        engine.set_link_mtu(link.mtu());
        let shared = Shared {
            engine: Mutex::new(engine),
            identity,
            service,
            counters: Arc::default(),
            link,
            origin: Instant::now(),
            log: LogLimiter::default(),
            possible_conflicts: Mutex::default(),
            rechecks: Mutex::default(),
            has_relays: !config.relays.is_empty(),
            packet_log: Arc::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The counters, which live as long as anybody holds them.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.shared.counters)
    }

    /// The last packets of each client, which live as long as anybody holds them.
    #[must_use]
    pub fn packet_log(&self) -> PacketLogReader {
        PacketLogReader::new(Arc::clone(&self.shared.packet_log), self.shared.origin)
    }

    /// Serves until `shutdown` is ready, or until the interface is lost.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServerError> {
        let Self { shared } = self;
        tracing::info!(
            interface = shared.link.name(),
            listen_ip = %shared.identity.server_identifier,
            subnet = %shared.identity.subnet,
            "serving DHCP"
        );
        tokio::pin!(shutdown);
        let mut requests = JoinSet::new();
        let mut background = JoinSet::new();
        let mut housekeeping = interval(HOUSEKEEPING_INTERVAL);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut buffer = [0; RECEIVE_BUFFER_BYTES];
        // Every branch is cancel-safe: a datagram is taken in one call. They are tried in this
        // order, so that nothing is left to chance. No branch starves those after it: what ends
        // was begun by a datagram, and a second holds one tick.
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                _ = housekeeping.tick() => shared.housekeep(&mut background)?,
                Some(ended) = requests.join_next() => shared.ended(ended),
                Some(ended) = background.join_next() => shared.ended(ended),
                received = shared.link.receive(&mut buffer) => {
                    shared.received(received, &buffer, &mut requests);
                }
            }
        }
    }
}

impl Shared {
    fn now(&self) -> MonotonicTime {
        MonotonicTime(self.origin.elapsed())
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A failed call (a datagram that the network bounced, an interface that is down) is counted;
    /// the loop goes on.
    fn received(
        self: &Arc<Self>,
        received: io::Result<RecvMeta>,
        buffer: &[u8],
        requests: &mut JoinSet<()>,
    ) {
        match received {
            Ok(RecvMeta { length, arrival }) => {
                let datagram = buffer.get(..length).unwrap_or(buffer);
                self.receive(datagram, arrival, requests);
            }
            Err(source) => {
                self.counters.receive_failed();
                self.log.receive_failed(self.now(), &source);
            }
        }
    }

    fn ended(&self, ended: Result<(), tokio::task::JoinError>) {
        if let Err(error) = ended {
            tracing::error!(%error, "a request's task failed: this is a bug");
        }
    }
}
