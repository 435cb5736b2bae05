//! A service whose requests are checked before they are decoded ([`body`]): behind the port, and behind
//! whoever else hands requests over.

use super::body::{self, Refused};
use crate::peer_refusals::PeerRefusals;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, http};
use tonic::server::NamedService;
use tower::Service;

/// How long nothing may come of a request, as the profile has it now.
type Begins = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Takes what is of a shape that peers send. What it refuses is counted.
#[derive(Clone)]
pub(crate) struct Checked<S> {
    service: S,
    refusals: Arc<PeerRefusals>,
    begins: Begins,
}

impl<S> Checked<S> {
    pub(crate) fn new(service: S, refusals: Arc<PeerRefusals>, begins: Begins) -> Self {
        Self {
            service,
            refusals,
            begins,
        }
    }
}

impl<S: NamedService> NamedService for Checked<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Checked<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        // What was polled ready answers; the copy takes its place (tower's rule).
        let copy = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, copy);
        let refusals = Arc::clone(&self.refusals);
        let begins = (self.begins)();
        Box::pin(async move {
            match body::checked(request, begins).await {
                Ok(request) => service.call(request).await,
                Err(Refused(kind, status)) => {
                    refusals.count_unnamed(kind);
                    Ok(status.into_http())
                }
            }
        })
    }
}
