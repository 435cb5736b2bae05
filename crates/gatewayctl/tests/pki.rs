//! `gatewayctl pki`: what it writes, and that it overwrites nothing. That gatewayd takes it, the lab shows:
//! its nodes run with such certificates.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gatewayctl::pki::{self, PkiError};
use pki_types::{CertificateDer, pem::PemObject};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn made() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    pki::init(&directory.path().join("pki"), 30).unwrap();
    directory
}

#[test]
fn keys_are_for_their_owner_alone() {
    let directory = made();
    let dir = directory.path().join("pki");
    let files = pki::node(&dir, 3, 30).unwrap();
    assert_eq!(files.len(), 3);
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("ca.key")), 0o600);
    assert_eq!(mode(&dir.join("node-3/node.key")), 0o600);
    assert_eq!(mode(&dir.join("node-3")), 0o700);
    assert!(files.iter().all(|file| file.is_file()), "{files:?}");
    let ca = fs::read(dir.join("ca.crt")).unwrap();
    assert_eq!(fs::read(dir.join("node-3/ca.crt")).unwrap(), ca);
}

#[test]
fn a_node_certificate_carries_the_two_names_and_no_other_nodes() {
    let directory = made();
    let dir = directory.path().join("pki");
    pki::node(&dir, 3, 30).unwrap();
    let certificate = CertificateDer::from_pem_file(dir.join("node-3/node.crt")).unwrap();
    let carries = |name: &str| {
        let name = name.as_bytes();
        certificate.windows(name.len()).any(|part| part == name)
    };
    assert!(carries("gatewayd-node-3") && carries("gatewayd-peer"));
    assert!(!carries("gatewayd-node-1"));
}

#[test]
fn nothing_is_overwritten() {
    let directory = made();
    let dir = directory.path().join("pki");
    pki::node(&dir, 1, 30).unwrap();
    let before = fs::read(dir.join("node-1/node.key")).unwrap();
    assert!(matches!(pki::init(&dir, 30), Err(PkiError::Exists(_))));
    assert!(matches!(pki::node(&dir, 1, 30), Err(PkiError::Exists(_))));
    assert_eq!(fs::read(dir.join("node-1/node.key")).unwrap(), before);
}

#[test]
fn a_key_of_another_ca_is_refused() {
    let (directory, other) = (made(), made());
    let dir = directory.path().join("pki");
    fs::copy(other.path().join("pki/ca.key"), dir.join("ca.key")).unwrap();
    let error = pki::node(&dir, 1, 30).unwrap_err();
    assert!(matches!(error, PkiError::KeyOfAnother(_)), "{error}");
    assert!(!dir.join("node-1").exists(), "something was written");
}

#[test]
fn without_a_ca_the_remedy_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = pki::node(directory.path(), 1, 30).unwrap_err();
    assert!(
        error.remedy().is_some_and(|text| text.contains("pki init")),
        "{error}"
    );
}
