//! What operators ask of this node, over gRPC on the admin address.
//!
//! By default the admin address is on the loopback: whoever reaches it may change the cluster.
//! Reads are of this node's own view; changes are answered once they are committed and applied.

pub mod audit;
mod before;
mod daemon;
mod explain;
mod nat;
mod objects;
mod profile;
mod service;
mod shadowed;
mod status;
mod text;
mod watch;

pub use daemon::Daemon;
pub use explain::explainer;

use anyhow::{Context, Result};
use api::proto::admin::admin_server::AdminServer;
use api::proto::watch::watch_server::WatchServer;
use service::AdminService;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use watch::WatchService;

/// Takes the port and serves it from a task.
pub async fn serve(
    address: SocketAddr,
    daemon: Arc<Daemon>,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("GATEWAY_ADMIN_LISTEN={address}: is the address this host's, and the port free?")
    })?;
    let server = Server::builder()
        .add_service(AdminServer::new(AdminService::new(Arc::clone(&daemon))))
        .add_service(WatchServer::new(WatchService::new(daemon)));
    let incoming = TcpListenerStream::new(listener);
    tasks.spawn(async move {
        if let Err(error) = server.serve_with_incoming(incoming).await {
            tracing::error!(%error, "the admin server stopped");
        }
    });
    Ok(())
}
