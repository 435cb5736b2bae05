//! A CA for the nodes of one cluster, and their certificates, in files of the operator's.
//!
//! * **In:** a directory, a node's id, how long. **Out:** PEM files as `gatewayd` wants them (ADR 0010): a
//!   node's certificate carries the names `gatewayd-peer` and `gatewayd-node-ID`.
//! * **Invariants.** Nothing that exists is overwritten, private keys are made with mode 0600 in a
//!   directory of mode 0700, and no key is printed.
//! * **A crash** leaves at most some of a command's files; the next call names the one that is there.

mod authority;
mod certificate;
mod error;
mod files;

pub use error::PkiError;

use std::path::{Path, PathBuf};

use authority::Authority;

const CA_CERTIFICATE: &str = "ca.crt";
const CA_KEY: &str = "ca.key";

/// Makes a CA in `dir`, valid for `days` days, and returns what was written.
pub fn init(dir: &Path, days: u32) -> Result<Vec<PathBuf>, PkiError> {
    files::make_directory(dir)?;
    let (certificate, key) = authority::make(days)?;
    let ca = dir.join(CA_CERTIFICATE);
    files::must_be_absent(&ca)?;
    let ca_key = dir.join(CA_KEY);
    files::write_secret(&ca_key, &key)?;
    files::write_public(&ca, &certificate)?;
    Ok(vec![ca, ca_key])
}

/// Makes the key and certificate of node `id` with the CA in `dir`, and returns what was written.
pub fn node(dir: &Path, id: u64, days: u32) -> Result<Vec<PathBuf>, PkiError> {
    let authority = Authority::load(&dir.join(CA_CERTIFICATE), &dir.join(CA_KEY))?;
    let place = dir.join(format!("node-{id}"));
    let names = ["ca.crt", "node.crt", "node.key"].map(|name| place.join(name));
    let [ca, certificate, key] = &names;
    names
        .iter()
        .try_for_each(|file| files::must_be_absent(file))?;
    let made = certificate::make(&authority, id, days)?;
    files::make_directory(&place)?;
    files::write_secret(key, &made.key)?;
    files::write_public(certificate, &made.certificate)?;
    files::write_public(ca, authority.certificate())?;
    Ok(names.to_vec())
}
