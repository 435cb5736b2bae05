//! Why a certificate was not made.

use std::io;
use std::path::PathBuf;

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// It would be overwritten.
    #[error("{} exists already, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// A file or directory.
    #[error("{doing} {}: {source}", .path.display())]
    Io {
        /// "reading", "writing" or "making".
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that should be the CA's.
    #[error("{} is not what `gatewayctl pki init` writes: {source}", .path.display())]
    Authority {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
    /// ca.key is another CA's.
    #[error("{} does not belong to the CA's certificate beside it", .0.display())]
    KeyOfAnother(PathBuf),
    /// Making it.
    #[error("making a key or certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The end would be after the year 9999.
    #[error("{0} days from now is no date: say fewer days")]
    Days(u32),
}

impl PkiError {
    /// What the operator can do.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Exists(_) => Some("move it away if a new one is meant, or name another --dir"),
            Self::Io {
                doing: "reading", ..
            } => Some(
                "go to the machine and directory where the cluster's CA is (or name it with --dir); only \
                 for a new cluster: gatewayctl pki init",
            ),
            Self::Authority { .. } | Self::KeyOfAnother(_) => {
                Some("restore ca.crt and ca.key of one `gatewayctl pki init`")
            }
            _ => None,
        }
    }
}
