//! How many requests of one address, and of one certificate, are being answered at once.
//!
//! When half of the places are taken, who is no member gets none: members are heard even if everybody with
//! a certificate asks at once, or one of them from as many addresses as it can take.

use super::registry::{Registry, network_of};
use crate::limits::{MAX_REQUESTS, MAX_REQUESTS_OF_ADDRESS};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, http};
use tonic::server::NamedService;
use tonic::transport::CertificateDer;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tower::Service;

/// A service that takes so many requests at once, and refuses the others.
#[derive(Clone)]
pub(crate) struct InFlight<S> {
    service: S,
    counts: Counts,
    registry: Arc<Registry>,
    is_member: IsMember,
}

/// Whether a request comes from a member, as far as its certificate says.
type IsMember = Arc<dyn Fn(&http::Request<Body>) -> bool + Send + Sync>;

type Counts = Arc<Mutex<Vec<(Asker, usize)>>>;

/// Who asks, and from where.
#[derive(Clone, Debug, Default)]
struct Asker {
    network: Option<IpAddr>,
    /// Its own certificate is the first.
    chain: Option<Arc<Vec<CertificateDer<'static>>>>,
}

/// A request's place, until it is answered.
struct Place {
    counts: Counts,
    asker: Asker,
}

impl<S> InFlight<S> {
    pub(crate) fn new(service: S, registry: Arc<Registry>, is_member: IsMember) -> Self {
        Self {
            service,
            counts: Counts::default(),
            registry,
            is_member,
        }
    }
}

impl<S: NamedService> NamedService for InFlight<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for InFlight<S>
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
        let from = address_of(&request);
        if let Some(from) = from {
            self.registry.asked(from);
        }
        let asker = Asker {
            network: from.map(|from| network_of(from.ip())),
            chain: chain_of(&request),
        };
        let is_member = || (self.is_member)(&request);
        let place = match Place::take(&self.counts, asker, is_member) {
            Ok(place) => place,
            Err(status) => {
                self.registry.count("too_many_requests");
                return Box::pin(async move { Ok(status.into_http()) });
            }
        };
        let answer = self.service.call(request);
        Box::pin(async move {
            let answer = answer.await;
            drop(place);
            answer
        })
    }
}

impl Place {
    fn take(
        counts: &Counts,
        asker: Asker,
        is_member: impl FnOnce() -> bool,
    ) -> Result<Self, Status> {
        // Certificates are parsed while nobody waits for the counts.
        let is_crowded = count(&lock(counts), |_| true) >= MAX_REQUESTS / 2;
        let has_a_right = !is_crowded || is_member();
        let mut held = lock(counts);
        let all = count(&held, |_| true);
        let own = count(&held, |other| asker.has_network_of(other));
        let own = own.max(count(&held, |other| asker.has_certificate_of(other)));
        if all >= MAX_REQUESTS || own >= MAX_REQUESTS_OF_ADDRESS {
            return Err(Status::resource_exhausted(format!(
                "{own} requests of this address, or of this certificate, are being answered, and {all} in all: at \
                 most {MAX_REQUESTS_OF_ADDRESS} and {MAX_REQUESTS} are taken"
            )));
        }
        if all >= MAX_REQUESTS / 2 && !has_a_right {
            return Err(Status::resource_exhausted(format!(
                "{all} requests are being answered: from {} on, members' alone are taken",
                MAX_REQUESTS / 2
            )));
        }
        match held.iter_mut().find(|(other, _)| asker.is(other)) {
            Some((_, count)) => *count += 1,
            None => held.push((asker.clone(), 1)),
        }
        let counts = Arc::clone(counts);
        drop(held);
        Ok(Self { counts, asker })
    }
}

fn count(held: &[(Asker, usize)], of: impl Fn(&Asker) -> bool) -> usize {
    let of = held.iter().filter(|(asker, _)| of(asker));
    of.map(|(_, count)| count).sum()
}

impl Asker {
    fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.chain.as_ref()?.first()
    }

    fn has_network_of(&self, other: &Self) -> bool {
        self.network == other.network
    }

    fn has_certificate_of(&self, other: &Self) -> bool {
        self.certificate().is_some() && self.certificate() == other.certificate()
    }

    fn is(&self, other: &Self) -> bool {
        self.has_network_of(other) && self.certificate() == other.certificate()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.counts);
        if let Some(at) = held.iter().position(|(other, _)| self.asker.is(other)) {
            held[at].1 -= 1;
            if held[at].1 == 0 {
                held.swap_remove(at);
            }
        }
    }
}

fn lock(counts: &Counts) -> MutexGuard<'_, Vec<(Asker, usize)>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn address_of(request: &http::Request<Body>) -> Option<SocketAddr> {
    let extensions = request.extensions();
    let plain = extensions.get::<TcpConnectInfo>();
    let secured = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
    let address = plain.or_else(|| secured.map(TlsConnectInfo::get_ref));
    address?.remote_addr()
}

fn chain_of(request: &http::Request<Body>) -> Option<Arc<Vec<CertificateDer<'static>>>> {
    let info = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
    info.and_then(TlsConnectInfo::peer_certs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn address(text: &str) -> Asker {
        Asker {
            network: Some(text.parse().unwrap()),
            chain: None,
        }
    }

    fn certified(text: &str, certificate: u8) -> Asker {
        Asker {
            chain: Some(Arc::new(vec![CertificateDer::from(vec![certificate])])),
            ..address(text)
        }
    }

    fn fill(counts: &Counts, from: &str) -> Vec<Place> {
        let take = |_| Place::take(counts, address(from), || true).ok();
        (0..MAX_REQUESTS_OF_ADDRESS).map_while(take).collect()
    }

    #[test]
    fn places_are_counted_by_address_and_given_back() {
        let counts = Counts::default();
        let one = address("10.0.0.1");
        let mut held = fill(&counts, "10.0.0.1");
        assert_eq!(held.len(), MAX_REQUESTS_OF_ADDRESS);
        assert!(Place::take(&counts, one.clone(), || true).is_err());
        assert!(Place::take(&counts, address("10.0.0.2"), || true).is_ok());
        held.pop();
        assert!(Place::take(&counts, one, || true).is_ok());
        drop(held);
        assert!(lock(&counts).is_empty());
    }

    #[test]
    fn from_the_half_on_members_alone_get_a_place() {
        let counts = Counts::default();
        let stranger = |from| Place::take(&counts, address(from), || false).is_ok();
        assert!(stranger("10.0.0.9"));
        let _held = [fill(&counts, "10.0.0.1"), fill(&counts, "10.0.0.2")];
        assert!(!stranger("10.0.0.9"));
        assert!(Place::take(&counts, address("10.0.0.9"), || true).is_ok());
    }

    #[test]
    fn places_are_counted_by_certificate_too() {
        let counts = Counts::default();
        let take = |address: &str, certificate| {
            Place::take(&counts, certified(address, certificate), || true).ok()
        };
        let half = MAX_REQUESTS_OF_ADDRESS / 2;
        let one = (0..half).map_while(|_| take("10.0.0.1", 1));
        let mut held: Vec<_> = one.collect();
        held.extend((0..half).map_while(|_| take("10.0.0.2", 1)));
        assert_eq!(held.len(), MAX_REQUESTS_OF_ADDRESS);
        assert!(take("10.0.0.3", 1).is_none());
        assert!(take("10.0.0.3", 2).is_some());
        held.pop();
        assert!(take("10.0.0.3", 1).is_some());
        drop(held);
        assert!(lock(&counts).is_empty());
    }

    /// A certificate takes its time to be parsed; other requests come and go meanwhile.
    #[test]
    fn nobody_waits_while_a_certificate_is_looked_at() {
        let counts = Counts::default();
        let _held = [fill(&counts, "10.0.0.1"), fill(&counts, "10.0.0.2")];
        let is_free = || counts.try_lock().is_ok();
        assert!(Place::take(&counts, address("10.0.0.9"), is_free).is_ok());
    }
}
