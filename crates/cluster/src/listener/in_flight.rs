//! How many requests of one address are being answered at once.

use crate::limits::{MAX_REQUESTS, MAX_REQUESTS_OF_ADDRESS};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, http};
use tonic::server::NamedService;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tower::Service;

/// A service that takes so many requests at once, and refuses the others.
#[derive(Clone)]
pub(crate) struct InFlight<S> {
    service: S,
    counts: Counts,
}

type Counts = Arc<Mutex<BTreeMap<Option<IpAddr>, usize>>>;

/// A request's place, until it is answered.
struct Place {
    counts: Counts,
    from: Option<IpAddr>,
}

impl<S> InFlight<S> {
    pub(crate) fn new(service: S) -> Self {
        let counts = Counts::default();
        Self { service, counts }
    }
}

impl<S: NamedService> NamedService for InFlight<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for InFlight<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        match Place::take(&self.counts, address_of(&request)) {
            Ok(place) => {
                let answer = self.service.call(request);
                Box::pin(async move {
                    let answer = answer.await;
                    drop(place);
                    answer
                })
            }
            Err(status) => Box::pin(async move { Ok(status.into_http()) }),
        }
    }
}

impl Place {
    fn take(counts: &Counts, from: Option<IpAddr>) -> Result<Self, Status> {
        let mut held = lock(counts);
        let (all, own) = (held.values().sum::<usize>(), held.get(&from).copied());
        if all >= MAX_REQUESTS || own >= Some(MAX_REQUESTS_OF_ADDRESS) {
            return Err(Status::resource_exhausted(format!(
                "{} requests of this address are being answered, and {all} in all: at most \
                 {MAX_REQUESTS_OF_ADDRESS} and {MAX_REQUESTS} are taken",
                own.unwrap_or(0)
            )));
        }
        *held.entry(from).or_default() += 1;
        let counts = Arc::clone(counts);
        drop(held);
        Ok(Self { counts, from })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.counts);
        if let Some(count) = held.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.from);
            }
        }
    }
}

fn lock(counts: &Counts) -> MutexGuard<'_, BTreeMap<Option<IpAddr>, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn address_of(request: &http::Request<Body>) -> Option<IpAddr> {
    let extensions = request.extensions();
    let plain = extensions.get::<TcpConnectInfo>();
    let secured = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
    let address = plain.or_else(|| secured.map(TlsConnectInfo::get_ref));
    address?.remote_addr().map(|address| address.ip())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_address_and_given_back() {
        let counts = Counts::default();
        let one = Some("10.0.0.1".parse().unwrap());
        let mut held: Vec<_> = (0..MAX_REQUESTS_OF_ADDRESS)
            .map(|_| Place::take(&counts, one).unwrap())
            .collect();
        assert!(Place::take(&counts, one).is_err());
        assert!(Place::take(&counts, Some("10.0.0.2".parse().unwrap())).is_ok());
        held.pop();
        assert!(Place::take(&counts, one).is_ok());
        drop(held);
        assert!(lock(&counts).is_empty());
    }
}
