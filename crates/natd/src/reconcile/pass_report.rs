//! What one reconcile pass did.

use crate::kernel::KernelError;

/// What a pass did about one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// It was brought from one desired state to the next.
    pub updated: bool,
    /// Somebody else had changed it; how. It is repaired.
    pub drift: Option<String>,
}

/// What a pass did.
#[derive(Debug)]
pub struct PassReport {
    /// About the table.
    pub table: Result<Change, KernelError>,
    /// About `ip_forward`.
    pub forwarding: Result<Change, KernelError>,
    /// How many tracked connections were ended.
    pub flows: Result<u32, KernelError>,
}

impl PassReport {
    /// Whether drift was repaired.
    #[must_use]
    pub fn repaired(&self) -> bool {
        let drifted =
            |part: &Result<Change, _>| part.as_ref().is_ok_and(|change| change.drift.is_some());
        drifted(&self.table) || drifted(&self.forwarding)
    }

    /// Whether the kernel is not at the desired state.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.table.is_err() || self.forwarding.is_err() || self.flows.is_err()
    }
}
