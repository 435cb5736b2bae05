//! Who sent a request.

use crate::tls::PeerName;
use ipam::NodeId;
use std::sync::Arc;
use tonic::transport::CertificateDer;
use tonic::{Request, Status};

/// Who sent a request, as far as that is proven.
pub(crate) enum Caller {
    /// Anybody: the peer port is open.
    Unproven,
    /// The holder of a certificate of the CA that is for peers. The first is its own.
    Certified(Arc<Vec<CertificateDer<'static>>>),
}

impl Caller {
    /// The sender of `request`; `required` says whether it must have a certificate.
    pub(crate) fn of<T>(request: &Request<T>, required: bool) -> Result<Self, Status> {
        if !required {
            return Ok(Self::Unproven);
        }
        let chain = request.peer_certs().unwrap_or_default();
        let caller = Self::Certified(chain);
        caller.must_carry(PeerName::Any)?;
        Ok(caller)
    }

    /// Refuses what a node says in another's name.
    pub(crate) fn must_be(&self, node: NodeId) -> Result<(), Status> {
        self.must_carry(PeerName::Node(node))
    }

    fn must_carry(&self, name: PeerName) -> Result<(), Status> {
        let Self::Certified(chain) = self else {
            return Ok(());
        };
        let own = chain.first();
        let own = own.ok_or_else(|| Status::unauthenticated("a certificate is required here"))?;
        name.check(own).map_err(|error| {
            Status::permission_denied(format!(
                "the request takes a certificate of {name}: {error}"
            ))
        })
    }
}
