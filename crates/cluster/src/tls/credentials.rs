//! What a node proves itself with, and what it knows others by.

use crate::config::PeerTls;
use crate::limits::HANDSHAKE_TIMEOUT;
use crate::tls::pem_file::PemFile;
use crate::tls::{PeerName, TlsError, key_hash};
use ipam::{KeyHash, NodeId};
use pki_types::CertificateDer;
use std::path::Path;
use tonic::transport::{Certificate, ClientTlsConfig, Identity, Server, ServerTlsConfig};
use webpki::anchor_from_trusted_cert;

/// The CA, and this node's certificate and key. They are read once: new ones take a restart.
#[derive(Clone)]
pub(crate) struct Credentials {
    authority: Certificate,
    identity: Identity,
    key: Option<KeyHash>,
}

impl PeerTls {
    /// Reads the files and checks that they are `node`'s and belong together. May block.
    pub fn check(&self, node: NodeId) -> Result<(), TlsError> {
        Credentials::load(self, node).map(drop)
    }
}

impl Credentials {
    /// Reads and checks the files of `node`. They are three and small, so this may block.
    pub(crate) fn load(tls: &PeerTls, node: NodeId) -> Result<Self, TlsError> {
        let authority = authority(&tls.ca)?;
        let (certificate, own) = certificate(&tls.certificate, node)?;
        let key = file("GATEWAY_TLS_KEY", &tls.key).private_key()?;
        let credentials = Self {
            authority,
            identity: Identity::from_pem(certificate, key),
            key: key_hash(&own),
        };
        // Only rustls can tell whether the two belong together.
        Server::builder()
            .tls_config(credentials.server())
            .map_err(TlsError::Pair)?;
        Ok(credentials)
    }

    /// What this node proves itself by.
    pub(crate) const fn key(&self) -> Option<KeyHash> {
        self.key
    }

    /// For a server: whoever connects must have a certificate of the CA.
    pub(crate) fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(self.identity.clone())
            .client_ca_root(self.authority.clone())
            .client_auth_optional(false)
            .timeout(HANDSHAKE_TIMEOUT)
    }

    /// For a client: the server must have a certificate of the CA that carries `name`.
    pub(crate) fn client(&self, name: PeerName) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .identity(self.identity.clone())
            .ca_certificate(self.authority.clone())
            .domain_name(name.to_string())
            .timeout(HANDSHAKE_TIMEOUT)
    }
}

/// The CA: one certificate, or two while one replaces the other.
fn authority(path: &Path) -> Result<Certificate, TlsError> {
    let file = file("GATEWAY_TLS_CA", path);
    let text = file.text()?;
    for certificate in &file.certificates(&text)? {
        anchor_from_trusted_cert(certificate).map_err(|source| TlsError::Certificate {
            file: file.clone(),
            source,
        })?;
    }
    Ok(Certificate::from_pem(text))
}

/// A node with another node's certificate would start, and be refused by everybody.
fn certificate(path: &Path, node: NodeId) -> Result<(Vec<u8>, CertificateDer<'static>), TlsError> {
    let file = file("GATEWAY_TLS_CERT", path);
    let text = file.text()?;
    let own = file.certificate(&text)?;
    for name in [PeerName::Any, PeerName::Node(node)] {
        name.check(&own).map_err(|source| TlsError::Name {
            file: file.clone(),
            node,
            source,
        })?;
    }
    Ok((text, own))
}

fn file(key: &'static str, path: &Path) -> PemFile {
    PemFile {
        key,
        path: path.to_owned(),
    }
}
