//! One process at a time: an advisory lock that the kernel drops when the process ends.

use crate::StoreError;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Takes the lock, at once or not at all.
pub(super) fn acquire(path: &Path) -> Result<File, StoreError> {
    let file = File::create(path).map_err(StoreError::io("creating", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let directory = path.parent().unwrap_or(path);
            Err(StoreError::Locked(directory.to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(StoreError::io("locking", path)(error)),
    }
}
