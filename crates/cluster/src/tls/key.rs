//! What tells one key from another, whatever the certificate says around it.

use ipam::KeyHash;
use pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use webpki::EndEntityCert;

/// SHA-256 of the certificate's public key (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7); `None` if it is no
/// certificate, which the handshake refuses first.
pub(crate) fn key_hash(certificate: &CertificateDer<'_>) -> Option<KeyHash> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    Some(Sha256::digest(certificate.subject_public_key_info()).into())
}
