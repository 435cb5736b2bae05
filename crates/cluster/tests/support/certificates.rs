//! A CA, and certificates of it in files.

use cluster::PeerTls;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

pub struct Authority {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
    issued: AtomicUsize,
    ca: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = directory.path().join("ca.crt");
        write(&ca, params.self_signed(&key).unwrap().pem()).unwrap();
        Self {
            directory,
            issuer: Issuer::new(params, key),
            issued: AtomicUsize::new(0),
            ca,
        }
    }

    /// What a node of this CA has.
    pub fn node(&self, node: u64) -> PeerTls {
        self.issue(&["gatewayd-peer", &format!("gatewayd-node-{node}")])
    }

    /// A certificate that carries `names`.
    pub fn issue(&self, names: &[&str]) -> PeerTls {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let place = |end: &str| self.directory.path().join(format!("{number}.{end}"));
        let files = PeerTls {
            ca: self.ca.clone(),
            certificate: place("crt"),
            key: place("key"),
        };
        write(&files.certificate, certificate.pem()).unwrap();
        write(&files.key, key.serialize_pem()).unwrap();
        set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
        files
    }
}
