//! A lock whose value counts, whatever became of whoever held it before.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The value, whether or not an earlier holder panicked: what is behind these locks is whole at every moment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
