//! One process at a time.

use crate::StoreError;
use crate::medium::{Held, Medium};
use std::fs::TryLockError;
use std::path::Path;

/// Takes the lock, at once or not at all.
pub(super) fn acquire(medium: &dyn Medium, path: &Path) -> Result<Held, StoreError> {
    match medium.lock(path) {
        Ok(held) => Ok(held),
        Err(TryLockError::WouldBlock) => {
            let directory = path.parent().unwrap_or(path);
            Err(StoreError::Locked(directory.to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(StoreError::io("locking", path)(error)),
    }
}
