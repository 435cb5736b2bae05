//! Who sent a request.

use crate::tls::{PeerName, key_hash};
use ipam::{KeyHash, NodeId};
use std::sync::Arc;
use tonic::transport::CertificateDer;
use tonic::{Request, Status};

/// What whoever hands a request over vouches for, as an extension of the HTTP request: for peers that
/// come by another way than TLS, as in the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenPeer {
    /// Who it is.
    pub node: NodeId,
    /// The key that it proves itself by, if it has one.
    pub key: Option<KeyHash>,
}

/// Who sent a request, as far as that is proven.
pub(crate) enum Caller {
    /// Anybody: the peer port is open.
    Unproven,
    /// Whom the one that handed the request over vouches for.
    Proven(ProvenPeer),
    /// The holder of a certificate of the CA that is for peers. The first is its own.
    Certified(Arc<Vec<CertificateDer<'static>>>),
}

impl Caller {
    /// The sender of `request`; `required` says whether it must have a certificate.
    pub(crate) fn of<T>(request: &Request<T>, required: bool) -> Result<Self, Status> {
        if let Some(proven) = request.extensions().get::<ProvenPeer>() {
            return Ok(Self::Proven(*proven));
        }
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
        match self {
            Self::Proven(proven) if proven.node != node => Err(Status::permission_denied(format!(
                "node {} speaks in the name of node {node}",
                proven.node
            ))),
            _ => self.must_carry(PeerName::Node(node)),
        }
    }

    /// What it proves itself by, if it does.
    pub(crate) fn key(&self) -> Option<KeyHash> {
        match self {
            Self::Unproven => None,
            Self::Proven(proven) => proven.key,
            Self::Certified(chain) => key_hash(chain.first()?),
        }
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
