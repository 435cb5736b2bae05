//! The ids of the requests that this node takes.

use ipam::RequestId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Ids that count on from a random number, so that in practice no other node, and no other start of this one, gives
/// the same. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct RequestIds(Arc<AtomicU64>);

impl RequestIds {
    /// Ids from `first` on, which was drawn at this start.
    pub(crate) fn from(first: u64) -> Self {
        Self(Arc::new(AtomicU64::new(first)))
    }

    /// The next one.
    pub(crate) fn next(&self) -> RequestId {
        // Wraps around after the highest.
        RequestId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_counts_on_from_the_first_for_all_clones() {
        let ids = RequestIds::from(u64::MAX);
        assert_eq!(ids.clone().next(), RequestId(u64::MAX));
        assert_eq!(ids.next(), RequestId(0));
    }
}
