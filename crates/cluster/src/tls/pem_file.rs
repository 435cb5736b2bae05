//! PEM files, and what must be true of them before they are used.

use crate::tls::TlsError;
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// What the owner's group and all others may do.
const OTHERS: u32 = 0o077;
/// The permission bits of a mode.
const PERMISSIONS: u32 = 0o7777;

/// A file, and the key of the configuration that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemFile {
    /// The key.
    pub key: &'static str,
    /// The file.
    pub path: PathBuf,
}

impl fmt::Display for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path.display(), self.key)
    }
}

impl PemFile {
    /// What is in it.
    pub(super) fn text(&self) -> Result<Vec<u8>, TlsError> {
        self.read(&self.open()?)
    }

    /// The first certificate in `text`.
    pub(super) fn certificate(&self, text: &[u8]) -> Result<CertificateDer<'static>, TlsError> {
        CertificateDer::from_pem_slice(text).map_err(|error| self.not_pem("certificate", error))
    }

    /// All certificates in `text`: at least one.
    pub(super) fn certificates(
        &self,
        text: &[u8],
    ) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        self.certificate(text)?;
        let certificates: Result<_, _> = CertificateDer::pem_slice_iter(text).collect();
        certificates.map_err(|error| self.not_pem("certificate", error))
    }

    /// What is in a file with a private key that nobody but its owner may read.
    pub(super) fn private_key(&self) -> Result<Vec<u8>, TlsError> {
        let file = self.open()?;
        let metadata = file.metadata().map_err(|error| self.unreadable(error))?;
        let mode = metadata.permissions().mode() & PERMISSIONS;
        if mode & OTHERS != 0 {
            let file = self.clone();
            return Err(TlsError::Exposed { file, mode });
        }
        let text = self.read(&file)?;
        PrivateKeyDer::from_pem_slice(&text)
            .map_err(|error| self.not_pem("unencrypted private key", error))?;
        Ok(text)
    }

    fn open(&self) -> Result<File, TlsError> {
        File::open(&self.path).map_err(|error| self.unreadable(error))
    }

    fn read(&self, mut file: &File) -> Result<Vec<u8>, TlsError> {
        let mut text = Vec::new();
        let read = file.read_to_end(&mut text);
        read.map_err(|error| self.unreadable(error))?;
        Ok(text)
    }

    fn unreadable(&self, source: std::io::Error) -> TlsError {
        let file = self.clone();
        TlsError::Read { file, source }
    }

    fn not_pem(&self, expected: &'static str, source: pki_types::pem::Error) -> TlsError {
        TlsError::Pem {
            file: self.clone(),
            expected,
            source,
        }
    }
}
