//! The shell: sockets, tasks, the clock. It carries messages to and from the [`Engine`].
//!
//! * **What it is not.** A place where anything is decided.
//! * **What flows in and out.** Datagrams and ARP frames; proposals by [`LeaseService`]; counters
//!   and log lines.
//! * **Invariants.** The engine's lock is held for one call and never across an await. Whatever a
//!   packet does, the loop goes on; only the loss of the interface ends it.
//! * **Cancel safety.** Dropping [`DhcpServer::run`] aborts every request being answered: no reply
//!   leaves afterwards. What was proposed is then committed or not, and the clients ask again.

mod housekeeping;
mod logging;
mod requests;

use crate::Moment;
use crate::counters::Counters;
use crate::decide::Arrival;
use crate::engine::{Engine, ServerIdentity};
use crate::limit::RateLimits;
use crate::limits::{HOUSEKEEPING_INTERVAL, RECEIVE_BUFFER_BYTES};
use crate::port::LeaseService;
use crate::probe::Prober;
use crate::socket::{Interface, LinkSocket, SocketError, bind_broadcast, bind_unicast};
use ipam::{NodeId, SubnetId};
use logging::LogLimiter;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::UdpSocket;
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
    unicast: Arc<UdpSocket>,
    broadcast: UdpSocket,
}

/// What every request's task uses.
struct Shared {
    engine: Mutex<Engine>,
    identity: ServerIdentity,
    service: Arc<dyn LeaseService>,
    counters: Arc<Counters>,
    interface: Arc<Interface>,
    unicast: Arc<UdpSocket>,
    link: LinkSocket,
    prober: Prober,
    origin: Instant,
    log: LogLimiter,
}

impl DhcpServer {
    /// Binds the sockets. Must be called within a tokio runtime.
    pub fn bind(
        config: &ServerConfig,
        service: Arc<dyn LeaseService>,
    ) -> Result<Self, ServerError> {
        Self::open(config, service).map_err(|source| ServerError::Socket {
            interface: config.interface.clone(),
            source,
        })
    }

    fn open(config: &ServerConfig, service: Arc<dyn LeaseService>) -> Result<Self, SocketError> {
        let identity = ServerIdentity {
            node: config.node,
            subnet: config.subnet,
            server_identifier: config.listen_ip,
        };
        let interface = Arc::new(Interface::find(&config.interface)?);
        let unicast = Arc::new(bind_unicast(config.listen_ip, &config.interface)?);
        let broadcast = bind_broadcast(&config.interface)?;
        let shared = Shared {
            engine: Mutex::new(Engine::new(identity, &config.limits)),
            identity,
            service,
            counters: Arc::default(),
            link: LinkSocket::for_sending(&interface)?,
            prober: Prober::open(Arc::clone(&interface))?,
            interface,
            unicast: Arc::clone(&unicast),
            origin: Instant::now(),
            log: LogLimiter::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            unicast,
            broadcast,
        })
    }

    /// The counters, which live as long as anybody holds them.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.shared.counters)
    }

    /// Serves until `shutdown` is ready, or until the interface is lost.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServerError> {
        let Self {
            shared,
            unicast,
            broadcast,
        } = self;
        tracing::info!(
            interface = shared.interface.name(),
            listen_ip = %shared.identity.server_identifier,
            subnet = %shared.identity.subnet,
            "serving DHCP"
        );
        tokio::pin!(shutdown);
        let mut requests = JoinSet::new();
        let mut background = JoinSet::new();
        let mut housekeeping = interval(HOUSEKEEPING_INTERVAL);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut by_unicast = [0; RECEIVE_BUFFER_BYTES];
        let mut by_broadcast = [0; RECEIVE_BUFFER_BYTES];
        // Every branch is cancel-safe: a datagram or frame is taken in one call.
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                received = unicast.recv_from(&mut by_unicast) => {
                    let datagram = shared.datagram(received, &by_unicast);
                    shared.receive(datagram, Arrival::unicast, &mut requests);
                }
                received = broadcast.recv_from(&mut by_broadcast) => {
                    let datagram = shared.datagram(received, &by_broadcast);
                    shared.receive(datagram, Arrival::broadcast, &mut requests);
                }
                heard = shared.prober.listen() => shared.heard(heard),
                _ = housekeeping.tick() => shared.housekeep(&mut background)?,
                Some(ended) = requests.join_next() => shared.ended(ended),
                Some(ended) = background.join_next() => shared.ended(ended),
            }
        }
    }
}

impl Shared {
    fn now(&self) -> Moment {
        Moment(self.origin.elapsed())
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The datagram that was received and its source, if one was. A failed call (a datagram that the network
    /// bounced, an interface that is down) is counted; the loop goes on.
    fn datagram<'a>(
        &self,
        received: io::Result<(usize, SocketAddr)>,
        buffer: &'a [u8],
    ) -> Option<(&'a [u8], Ipv4Addr)> {
        match received {
            Ok((length, SocketAddr::V4(source))) => Some((buffer.get(..length)?, *source.ip())),
            // An IPv4 socket hears none.
            Ok((_, SocketAddr::V6(_))) => None,
            Err(source) => {
                self.counters.receive_failed();
                self.log.receive_failed(self.now(), &source);
                None
            }
        }
    }

    fn heard(&self, heard: io::Result<()>) {
        if let Err(source) = heard {
            self.counters.receive_failed();
            self.log.receive_failed(self.now(), &source);
        }
    }

    fn ended(&self, ended: Result<(), tokio::task::JoinError>) {
        if let Err(error) = ended {
            tracing::error!(%error, "a request's task failed: this is a bug");
        }
    }
}
