//! Reconciles one nftables table: compares what the kernel holds with what it should hold, changes
//! what differs, and reads it back. Blocking: see [`Kernel`].
//!
//! In: the desired [`TableImage`]. Out: a [`Change`]. Each instance knows one table and asks the kernel
//! about no other. It remembers what was last seen in force: that alone tells an update of ours from
//! drift, which is somebody else's change.

use super::pass_report::Change;
use crate::image::{Difference, TableImage};
use crate::kernel::{Kernel, KernelError};
use crate::table::TableId;

/// Keeps one table at its desired state.
#[derive(Debug)]
pub struct TableReconciler {
    table: TableId,
    /// The table that was last seen in the kernel as we had put it there.
    last_applied: Option<TableImage>,
}

impl TableReconciler {
    /// Of this table, of which nothing is known yet.
    #[must_use]
    pub const fn new(table: TableId) -> Self {
        Self {
            table,
            last_applied: None,
        }
    }

    /// What the kernel holds of the table now.
    pub fn read<K: Kernel>(&self, kernel: &mut K) -> Result<Option<TableImage>, KernelError> {
        kernel.read_table(self.table)
    }

    /// Makes the table what `desired` says. `actual` is what [`Self::read`] has just found.
    pub fn reconcile<K: Kernel>(
        &mut self,
        kernel: &mut K,
        desired: TableImage,
        actual: Option<&TableImage>,
    ) -> Result<Change, KernelError> {
        let mut change = Change::default();
        if let Some(difference) = desired.compare(actual) {
            change = self.attribute(&desired, &difference, actual);
            self.apply(kernel, &desired, &difference)?;
            // From here on, the old table is not in force; if the check fails, nobody knows what is.
            self.last_applied = None;
            let actual = kernel.read_table(self.table)?;
            if let Some(difference) = desired.compare(actual.as_ref()) {
                return Err(KernelError::NotAsAsked {
                    difference: difference.to_string(),
                });
            }
        }
        self.last_applied = Some(desired);
        Ok(change)
    }

    /// Whether this difference is an update of ours, drift, or both.
    fn attribute(
        &self,
        desired: &TableImage,
        difference: &Difference,
        actual: Option<&TableImage>,
    ) -> Change {
        match &self.last_applied {
            None => Change {
                updated: true,
                drift: None,
            },
            Some(last) if last == desired => Change {
                updated: false,
                drift: Some(difference.to_string()),
            },
            Some(last) => {
                let drift = last.compare(actual);
                Change {
                    updated: true,
                    drift: drift.map(|drift| drift.to_string()),
                }
            }
        }
    }

    fn apply<K: Kernel>(
        &self,
        kernel: &mut K,
        desired: &TableImage,
        difference: &Difference,
    ) -> Result<(), KernelError> {
        if let Difference::Contents(update) = difference {
            match kernel.update_table(self.table, update) {
                // Somebody changed the table since we read it.
                Err(KernelError::Refused { .. }) => {}
                result => return result,
            }
        }
        kernel.replace_table(self.table, desired)
    }
}
