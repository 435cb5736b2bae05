//! The accept loop.

use super::connection::Connection;
use super::registry::Registry;
use futures::{Stream, stream};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long to wait after a connection could not be accepted: for a descriptor, for memory.
const PAUSE: Duration = Duration::from_millis(100);
/// What is opened to have a descriptor in reserve.
const NOTHING: &str = "/dev/null";

/// Accepts for ever.
pub(crate) fn incoming(
    listener: TcpListener,
    registry: Arc<Registry>,
) -> impl Stream<Item = io::Result<Connection>> + Send {
    let acceptor = Acceptor {
        listener,
        registry,
        reserve: File::open(NOTHING).ok(),
    };
    stream::unfold(acceptor, |mut acceptor| async move {
        let connection = acceptor.next().await;
        Some((Ok(connection), acceptor))
    })
}

struct Acceptor {
    listener: TcpListener,
    registry: Arc<Registry>,
    /// Given up to tell one who waits that there is no room.
    reserve: Option<File>,
}

impl Acceptor {
    async fn next(&mut self) -> Connection {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    if let Some(connection) = self.admit(stream, from) {
                        return connection;
                    }
                }
                Err(error) if is_the_callers(&error) => {}
                Err(error) => self.turn_away(&error).await,
            }
        }
    }

    fn admit(&self, stream: TcpStream, from: SocketAddr) -> Option<Connection> {
        // It sends what it has at once; that it does not is no reason to refuse it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%from, %error, "TCP_NODELAY was not set");
        }
        let admitted = self.registry.admit(from)?;
        Some(Connection::new(stream, admitted))
    }

    /// Whoever waits is accepted with the descriptor in reserve, and closed: it can try elsewhere.
    async fn turn_away(&mut self, error: &io::Error) {
        self.registry.not_accepted(error);
        if self.reserve.take().is_some() {
            let waiting = tokio::time::timeout(PAUSE, self.listener.accept());
            drop(waiting.await);
        }
        sleep(PAUSE).await;
        self.reserve = File::open(NOTHING).ok();
    }
}

/// Whoever connected is gone again (accept(2)).
fn is_the_callers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}
