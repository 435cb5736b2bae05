//! The two ends of a call: what `cluster` calls through, and what its handler is called by.

use super::false_notes::{FalseNotes, Lie};
use super::paths::{Host, Paths};
use super::traffic::{CallId, Delivery, PeerAnswer, PeerRequest, Traffic};
use crate::others::node_on;
use cluster::{ConnectError, Connector, PeerChannel, PeerHandler, ProvenPeer};
use http_body_util::{BodyExt, Full};
use ipam::NodeId;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http;
use tower::{ServiceExt, service_fn};

/// The network. Clones are the same one.
#[derive(Clone)]
pub struct PeerNetwork {
    traffic: Arc<Mutex<Traffic>>,
}

impl PeerNetwork {
    /// A network of the hosts that have these addresses (`host:port`).
    #[must_use]
    pub fn new(seed: u64, addresses: BTreeMap<String, Host>) -> Self {
        let mut traffic = Traffic::new(seed);
        traffic.addresses = addresses;
        Self {
            traffic: Arc::new(Mutex::new(traffic)),
        }
    }

    /// How the node on `host` reaches its peers.
    #[must_use]
    pub fn connector(&self, host: Host) -> Arc<dyn Connector> {
        Arc::new(Plug {
            network: self.clone(),
            host,
        })
    }

    /// From now on `host` is at this address, and no more where it was.
    pub fn moves(&self, host: Host, address: &str) {
        let addresses = &mut self.lock().addresses;
        addresses.retain(|_, other| *other != host);
        addresses.insert(address.to_owned(), host);
    }

    /// Who is at this address.
    #[must_use]
    pub fn host_at(&self, address: &str) -> Option<Host> {
        self.lock().addresses.get(address).copied()
    }

    /// Moves the time at which things are sent.
    pub fn set_now(&self, now: Duration) {
        self.lock().now = now;
    }

    /// Moves the time, and returns what has arrived by now, in order.
    pub fn advance(&self, now: Duration) -> Vec<Delivery> {
        let mut traffic = self.lock();
        traffic.now = now;
        traffic.arrived()
    }

    /// When the next thing arrives.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        self.lock().next_arrival()
    }

    /// Changes the paths.
    pub fn with_paths<T>(&self, change: impl FnOnce(&mut Paths) -> T) -> T {
        change(&mut self.lock().paths)
    }

    /// From now on what the node on `host` says of everybody's notes is this lie.
    pub fn lies(&self, host: Host, lie: Lie) {
        self.lock().liar = Some((host, FalseNotes::new(lie)));
    }

    /// The process on `host` has ended. With `silent` its machine too, and nobody says so.
    pub fn host_died(&self, host: Host, silent: bool) {
        self.lock().host_died(host, silent);
    }

    /// Nobody takes this request: no process is there, or with `silent` no machine.
    pub fn refuse(&self, call: CallId, silent: bool) {
        self.lock().refuse(call, silent);
    }

    async fn call(&self, from: Host, to: Host, request: http::Request<Body>) -> Answer {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = PeerRequest {
            uri: parts.uri,
            headers: parts.headers,
            body,
        };
        let answer = self.lock().call(from, to, request);
        let answer = answer
            .await
            .map_err(|_| Status::unavailable("the simulated network is gone"))??;
        let mut response = http::Response::new(body_of(answer.body, answer.trailers));
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answer = Result<http::Response<Body>, Status>;

/// A host's plug in the network.
struct Plug {
    network: PeerNetwork,
    host: Host,
}

impl Connector for Plug {
    fn connect(&self, address: &str, _: Option<NodeId>) -> Result<PeerChannel, ConnectError> {
        let (network, from) = (self.network.clone(), self.host);
        let address = address.to_owned();
        Ok(PeerChannel::new(service_fn(move |request| {
            let network = network.clone();
            // Looked up at each call: whoever was there may be elsewhere by now.
            let to = network.host_at(&address);
            let nobody = format!("nobody is at {address}");
            async move {
                match to {
                    Some(to) => network.call(from, to, request).await,
                    None => Err(Status::unavailable(nobody)),
                }
            }
        })))
    }
}

/// Has `handler` answer a request, and sends the answer.
pub async fn answer(
    network: PeerNetwork,
    handler: PeerHandler,
    call: CallId,
    from: Host,
    request: PeerRequest,
) {
    let mut asked = http::Request::new(body_of(request.body, None));
    *asked.method_mut() = http::Method::POST;
    *asked.version_mut() = http::Version::HTTP_2;
    *asked.uri_mut() = request.uri;
    *asked.headers_mut() = request.headers;
    // Nobody speaks for another.
    asked.extensions_mut().insert(ProvenPeer {
        node: node_on(from),
        key: None,
    });
    let answered: Result<_, Infallible> = handler.oneshot(asked).await;
    let Ok(response) = answered;
    let (parts, body) = response.into_parts();
    // A body that breaks off has a status as its error; gRPC's caller gets no answer then.
    let Ok(collected) = body.collect().await else {
        return network.refuse(call, false);
    };
    let trailers = collected.trailers().cloned();
    let answer = PeerAnswer {
        headers: parts.headers,
        body: collected.to_bytes(),
        trailers,
    };
    network.lock().answer(call, answer);
}

fn body_of(body: bytes::Bytes, trailers: Option<http::HeaderMap>) -> Body {
    Body::new(Full::new(body).with_trailers(ready(trailers.map(Ok))))
}
