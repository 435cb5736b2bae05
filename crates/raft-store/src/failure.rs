//! The first failure of a store, of its log or its snapshots, which is the last word for both: what
//! the disk holds is no longer known.

use crate::StoreError;
use std::sync::{Arc, OnceLock};

/// Whether the store has failed, and how.
#[derive(Debug, Default)]
pub(crate) struct Failure(OnceLock<Arc<StoreError>>);

impl Failure {
    /// Fails if anything has failed before.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.0.get() {
            Some(first) => Err(StoreError::Failed(first.clone())),
            None => Ok(()),
        }
    }

    /// Remembers `error`, unless another came first, and says what every later caller is told.
    pub(crate) fn record(&self, error: StoreError) -> StoreError {
        let first = self.0.get_or_init(|| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the storage has failed"
            );
            Arc::new(error)
        });
        StoreError::Failed(first.clone())
    }
}
