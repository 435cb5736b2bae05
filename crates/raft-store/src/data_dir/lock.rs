//! One process at a time.

use crate::StoreError;
use crate::storage_env::{Held, StorageEnv};
use std::fs::TryLockError;
use std::path::Path;

/// Takes the lock, at once or not at all.
pub(super) fn acquire(env: &dyn StorageEnv, path: &Path) -> Result<Held, StoreError> {
    match env.lock(path) {
        Ok(held) => Ok(held),
        Err(TryLockError::WouldBlock) => {
            let directory = path.parent().unwrap_or(path);
            Err(StoreError::Locked(directory.to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(StoreError::io("locking", path)(error)),
    }
}
