//! The names that a node's certificate carries.

use ipam::NodeId;
use pki_types::{CertificateDer, ServerName};
use std::fmt;
use webpki::{EndEntityCert, Error};

/// A DNS name in a certificate. Every node's certificate carries both kinds; no resolver knows
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PeerName {
    /// Whoever takes part in the cluster: `gatewayd-peer`.
    Any,
    /// One node: `gatewayd-node-3`.
    Node(NodeId),
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("gatewayd-peer"),
            Self::Node(node) => write!(f, "gatewayd-node-{}", node.0),
        }
    }
}

impl PeerName {
    /// Whether `certificate` carries this name. Who signed it is the handshake's question.
    pub(crate) fn check(self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let name = self.to_string();
        let name =
            ServerName::try_from(name.as_str()).map_err(|_| Error::MalformedDnsIdentifier)?;
        EndEntityCert::try_from(certificate)?.verify_is_valid_for_subject_name(&name)
    }

    /// Whether `certificate` carries the name of one of `nodes`. It is parsed once.
    pub(crate) fn names_one_of(
        certificate: &CertificateDer<'_>,
        mut nodes: impl Iterator<Item = NodeId>,
    ) -> bool {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else {
            return false;
        };
        nodes.any(|node| {
            let name = Self::Node(node).to_string();
            let name = ServerName::try_from(name.as_str());
            name.is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        })
    }
}
