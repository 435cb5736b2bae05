//! The secret of a data directory: a note that it sealed is told from all others.

use super::{checked, read_checked};
use crate::StoreError;
use crate::data_dir::{DataDir, write_atomically};
use crate::runtime::fill_secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// Bytes of the secret.
const SECRET: usize = 32;
/// Bytes that name it.
const ORIGIN: usize = 16;

/// Made with the directory, and copied with it.
pub(super) struct Secret {
    secret: Vec<u8>,
    origin: Vec<u8>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// The directory's. One that was never used gets one. `has_data`: nobody could tell the notes that were
    /// made of what is in it, so it is not used without the secret that sealed them.
    pub(super) fn open(directory: &DataDir, has_data: bool) -> Result<Self, StoreError> {
        let path = directory.secret();
        let refused = |reason| StoreError::NoSecret {
            path: path.clone(),
            reason,
        };
        let found = read_checked(directory, &path, "the secret").map_err(|error| match error {
            StoreError::DamagedRecord { reason, .. } => refused(reason),
            other => other,
        })?;
        match found {
            Some(secret) if secret.len() == SECRET => return Ok(Self::new(secret)),
            Some(_) => return Err(refused("it is of another length than one of ours")),
            None if has_data => return Err(refused("it is missing")),
            None => {}
        }
        let mut secret = vec![0; SECRET];
        fill_secret(&mut secret).map_err(StoreError::io("drawing a secret for", &path))?;
        write_atomically(directory.env(), &path, &checked(secret.clone()))?;
        Ok(Self::new(secret))
    }

    fn new(secret: Vec<u8>) -> Self {
        let mut origin = mac(&secret, b"origin");
        origin.truncate(ORIGIN);
        Self { secret, origin }
    }

    pub(super) fn origin(&self) -> &[u8] {
        &self.origin
    }

    pub(super) fn seal(&self, content: &[u8]) -> Vec<u8> {
        mac(&self.secret, content)
    }

    pub(super) fn is_sealed(&self, content: &[u8], seal: &[u8]) -> bool {
        hasher(&self.secret, content).verify_slice(seal).is_ok()
    }
}

fn mac(secret: &[u8], content: &[u8]) -> Vec<u8> {
    hasher(secret, content).finalize().into_bytes().to_vec()
}

fn hasher(secret: &[u8], content: &[u8]) -> Hmac<Sha256> {
    let mut hasher =
        Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    hasher.update(content);
    hasher
}
