//! A node's certificate, and how long certificates are valid.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

use super::PkiError;
use super::authority::Authority;

/// Certificates begin a day ago: hosts' clocks differ.
const CLOCK_SKEW: Duration = Duration::days(1);

/// A node's key and certificate, in PEM form.
pub(super) struct Made {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// For node `id`: as a server and as a client, under the names that ADR 0010 asks for.
pub(super) fn make(authority: &Authority, id: u64, days: u32) -> Result<Made, PkiError> {
    let own = format!("gatewayd-node-{id}");
    let mut params = CertificateParams::new(["gatewayd-peer".to_owned(), own.clone()])?;
    params.distinguished_name = common_name(own);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = validity(days)?;
    let key = KeyPair::generate()?;
    let certificate = authority.sign(&params, &key)?;
    Ok(Made {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

pub(super) fn common_name(name: String) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// From a day ago until `days` days from now.
pub(super) fn validity(days: u32) -> Result<(OffsetDateTime, OffsetDateTime), PkiError> {
    let now = OffsetDateTime::now_utc();
    let end = now.checked_add(Duration::days(i64::from(days)));
    Ok((now - CLOCK_SKEW, end.ok_or(PkiError::Days(days))?))
}
