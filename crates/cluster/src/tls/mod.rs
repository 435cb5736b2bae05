//! Mutual TLS on the peer port (ADR 0010).
//!
//! * **What it is.** A node's credentials, read once at start; the names that certificates carry;
//!   and the check that a request comes from the node that it says it is from.
//! * **What it is not.** It makes no certificates and knows no revocation lists. The handshake,
//!   with its check of signatures and validity, is rustls's, through tonic.
//! * **Without it** (`ClusterConfig::tls` is `None`) the peer port is open to whoever reaches it.

mod caller;
mod credentials;
mod error;
mod key;
mod name;
mod pem_file;

pub(crate) use caller::Caller;
pub use caller::ProvenPeer;
pub(crate) use credentials::Credentials;
pub use error::TlsError;
pub(crate) use key::key_hash;
pub(crate) use name::PeerName;
