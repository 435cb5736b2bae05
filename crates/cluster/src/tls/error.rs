//! Why the credentials cannot be used.

use crate::tls::pem_file::PemFile;
use ipam::NodeId;

/// Why the credentials cannot be used. Each message names the file, its key and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It cannot be read.
    #[error("reading {file}: check that it exists and that gatewayd may read it")]
    Read {
        /// Which.
        file: PemFile,
        /// Why.
        source: std::io::Error,
    },
    /// The private key is no secret.
    #[error(
        "{file} is open to others (mode {mode:04o}): give it to the user that gatewayd runs as, \
         and chmod 600 {}",
        .file.path.display()
    )]
    Exposed {
        /// Which.
        file: PemFile,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else.
    #[error("{file} holds no {expected} in PEM form: is it the right file?")]
    Pem {
        /// Which.
        file: PemFile,
        /// What it should hold.
        expected: &'static str,
        /// What is wrong with it.
        source: pki_types::pem::Error,
    },
    /// It holds a certificate that cannot be understood.
    #[error("{file} holds a certificate that cannot be used: make it anew as an X.509 v3 one")]
    Certificate {
        /// Which.
        file: PemFile,
        /// What is wrong with it.
        source: webpki::Error,
    },
    /// It is another node's.
    #[error(
        "{file} is not node {node}'s certificate: it must carry the DNS names \
         gatewayd-node-{node} and gatewayd-peer (docs/runbooks/peer-tls.md)"
    )]
    Name {
        /// Which.
        file: PemFile,
        /// This node.
        node: NodeId,
        /// Which name it lacks.
        source: webpki::Error,
    },
    /// Each file is right by itself.
    #[error(
        "GATEWAY_TLS_CERT and GATEWAY_TLS_KEY cannot be used together: \
         is the key the one that the certificate was made for?"
    )]
    Pair(#[source] tonic::transport::Error),
}
