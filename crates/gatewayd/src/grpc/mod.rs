//! What operators ask of this node, over gRPC on the admin address: an adapter of `operator`, which decides and does
//! it. Here requests are decoded and answers encoded.
//!
//! By default the admin address is on the loopback: whoever reaches it may change the cluster.
//! Reads are of this node's own view; changes are answered once they are committed and applied.

mod admin;
mod decode;
mod encode;
mod error;
mod status;
mod watch;

use admin::AdminService;
use anyhow::{Context, Result};
use api::proto::admin::admin_server::AdminServer;
use api::proto::watch::watch_server::WatchServer;
use operator::Operations;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use watch::WatchService;

/// Takes the port and serves it from a task.
pub async fn serve(
    address: SocketAddr,
    operations: Operations,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("GATEWAY_ADMIN_LISTEN={address}: is the address this host's, and the port free?")
    })?;
    let server = Server::builder()
        .add_service(AdminServer::new(AdminService::new(operations.clone())))
        .add_service(WatchServer::new(WatchService::new(operations)));
    let incoming = TcpListenerStream::new(listener);
    tasks.spawn(async move {
        if let Err(error) = server.serve_with_incoming(incoming).await {
            tracing::error!(%error, "the admin server stopped");
        }
    });
    Ok(())
}
