//! The CA: made once, read again for each node.

use std::path::Path;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData,
};

use super::certificate::{common_name, validity};
use super::{PkiError, files};

/// A CA that can sign.
pub(super) struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A new CA's certificate and key, in PEM form. It signs nodes' certificates and nothing below them.
pub(super) fn make(days: u32) -> Result<(String, String), PkiError> {
    let mut params = CertificateParams::new([])?;
    params.distinguished_name = common_name("gatewayd cluster CA".to_owned());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = validity(days)?;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

impl Authority {
    /// Reads what [`make`] wrote.
    pub(super) fn load(certificate: &Path, key: &Path) -> Result<Self, PkiError> {
        let text = files::read(certificate)?;
        let foreign = |path: &Path| {
            let path = path.to_owned();
            move |source| PkiError::Authority { path, source }
        };
        let signing = KeyPair::from_pem(&files::read(key)?).map_err(foreign(key))?;
        let public = signing.subject_public_key_info();
        let issuer = Issuer::from_ca_cert_pem(&text, signing).map_err(foreign(certificate))?;
        if !contains(&text, &public) {
            return Err(PkiError::KeyOfAnother(key.to_owned()));
        }
        Ok(Self {
            certificate: text,
            issuer,
        })
    }

    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    pub(super) fn sign(
        &self,
        params: &CertificateParams,
        key: &KeyPair,
    ) -> Result<Certificate, PkiError> {
        Ok(params.signed_by(key, &self.issuer)?)
    }
}

/// Whether the certificate is of this public key: its DER form stands in the certificate whole.
fn contains(certificate: &str, public_key: &[u8]) -> bool {
    use pki_types::{CertificateDer, pem::PemObject};
    CertificateDer::from_pem_slice(certificate.as_bytes()).is_ok_and(|certificate| {
        certificate
            .windows(public_key.len())
            .any(|part| part == public_key)
    })
}
