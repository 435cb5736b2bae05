//! Who hands peers' requests to this node: a TCP server, or whoever holds its [`PeerHandler`].

use super::{InstallGate, PeerHandles, PeerService, SnapshotTurns, UnknownTurns};
use crate::bounds::Start;
use crate::limits::{KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, MAX_MESSAGE_BYTES, MAX_STREAMS};
use crate::listener::{self, Checked, InFlight, Registry};
use crate::start_error::ServeError;
use crate::tls::{Credentials, PeerName};
use api::proto::peer::peer_server::PeerServer;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::transport::Server;
use tonic::transport::server::{Router, TcpConnectInfo, TlsConnectInfo};
use tower::util::BoxCloneSyncService;

/// Answers one request of a peer, body bytes in and body bytes out.
pub type PeerHandler = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Infallible>;

/// A TCP server's task. Dropping the sender has it close its connections and end.
pub(crate) type Running = (oneshot::Sender<()>, JoinHandle<()>);

/// Takes the port; the future serves it until `stop` is sent or dropped, and closes connections.
pub(crate) async fn bind(
    handles: Arc<PeerHandles>,
    credentials: Option<Credentials>,
    stop: oneshot::Receiver<()>,
) -> Result<impl Future<Output = Result<(), ServeError>>, ServeError> {
    let address = handles.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| ServeError::Bind { address, source })?;
    let registry = Arc::new(Registry::new(Arc::clone(&handles.refusals)));
    let server = server(handles, credentials, Arc::clone(&registry))?;
    let incoming = listener::incoming(listener, registry);
    Ok(async move {
        // Sent or dropped, it means the same.
        let stopped = async { drop(stop.await) };
        let served = server.serve_with_incoming_shutdown(incoming, stopped);
        served.await.map_err(ServeError::Serve)
    })
}

/// Serves without a port, and so without certificates: whoever hands requests over vouches for them.
pub(crate) fn handler(handles: Arc<PeerHandles>) -> PeerHandler {
    PeerHandler::new(service(handles, false))
}

fn server(
    handles: Arc<PeerHandles>,
    credentials: Option<Credentials>,
    registry: Arc<Registry>,
) -> Result<Router, ServeError> {
    let mut server = Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT));
    let certified_only = credentials.is_some();
    if let Some(credentials) = credentials {
        let secured = server.tls_config(credentials.server());
        server = secured.map_err(ServeError::Tls)?;
    }
    let members = Arc::clone(&handles);
    let is_member = move |request: &_| !certified_only || is_member(&members, request);
    let service = service(handles, certified_only);
    Ok(server.add_service(InFlight::new(service, registry, Arc::new(is_member))))
}

/// Whether the certificate on whose connection a request came names a member.
fn is_member(handles: &PeerHandles, request: &http::Request<Body>) -> bool {
    let info = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
    let chain = info.and_then(TlsConnectInfo::peer_certs);
    let Some(own) = chain.as_deref().and_then(|chain| chain.first()) else {
        return false;
    };
    let members = handles.view.members();
    PeerName::names_one_of(own, members.keys().copied())
}

fn service(handles: Arc<PeerHandles>, certified_only: bool) -> Checked<PeerServer<PeerService>> {
    let refusals = Arc::clone(&handles.refusals);
    let limits = handles.limits.clone();
    let start = handles.reader.with(|applied| {
        let index = applied.last_applied.map_or(0, |last| last.index);
        Start::now(applied.state.clock(), index)
    });
    let service = PeerServer::new(PeerService {
        handles,
        certified_only,
        snapshots: SnapshotTurns::default(),
        unknown: UnknownTurns::default(),
        gate: InstallGate::default(),
        turn: Arc::default(),
        start,
    });
    let service = service
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let begins = move || limits.now().request_begins;
    Checked::new(service, refusals, Arc::new(begins))
}
