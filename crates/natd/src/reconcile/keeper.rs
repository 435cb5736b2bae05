//! One pass: look at the kernel, and make it what it should be. Blocking, and without a clock.
//!
//! In: a [`Goal`]. Out: a [`PassReport`]. Everything that is remembered between passes is what was
//! last seen in force: that alone tells an intended update from a foreign change.

use crate::image::{Difference, TableImage};
use crate::kernel::{Kernel, KernelError};
use crate::plan::Plan;
use std::sync::Arc;

/// What the kernel should be at.
#[derive(Debug, PartialEq, Eq)]
pub struct Goal {
    /// Our table.
    pub table: TableImage,
    /// Whether `ip_forward` must be on.
    pub forwarding: bool,
    /// The number of the view that this was planned from.
    pub generation: u64,
}

/// Keeps one kernel.
#[derive(Debug)]
pub struct Keeper<K> {
    kernel: K,
    /// The goal whose table was last seen in the kernel.
    in_force: Option<Arc<Goal>>,
    /// Whether forwarding was last seen to be on because we needed it.
    forwarding_in_force: bool,
}

/// What a pass did about one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// It was brought from one goal to the next.
    pub updated: bool,
    /// Somebody else had changed it; how.
    pub repaired: Option<String>,
}

/// What a pass did.
#[derive(Debug)]
pub struct PassReport {
    /// About the table.
    pub table: Result<Change, KernelError>,
    /// About `ip_forward`.
    pub forwarding: Result<Change, KernelError>,
}

impl Goal {
    /// The goal of a plan.
    #[must_use]
    pub fn new(plan: &Plan, generation: u64) -> Self {
        Self {
            table: plan.ruleset.image(),
            forwarding: plan.forwarding,
            generation,
        }
    }
}

impl PassReport {
    /// Whether somebody else's change was undone.
    #[must_use]
    pub fn repaired(&self) -> bool {
        [&self.table, &self.forwarding].iter().any(|part| {
            matches!(
                part,
                Ok(Change {
                    repaired: Some(_),
                    ..
                })
            )
        })
    }

    /// Whether the kernel is not as it should be.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.table.is_err() || self.forwarding.is_err()
    }
}

impl<K: Kernel> Keeper<K> {
    /// Of this kernel, of which nothing is known yet.
    pub const fn new(kernel: K) -> Self {
        Self {
            kernel,
            in_force: None,
            forwarding_in_force: false,
        }
    }

    /// Makes the kernel what `goal` says. Blocking: see [`Kernel`].
    pub fn pass(&mut self, goal: &Arc<Goal>) -> PassReport {
        // Rules before forwarding: a host that starts to forward does so under our policy.
        PassReport {
            table: self.table(goal),
            forwarding: self.forwarding(goal),
        }
    }

    fn table(&mut self, goal: &Arc<Goal>) -> Result<Change, KernelError> {
        let actual = self.kernel.read_table()?;
        let Some(difference) = goal.table.compare(actual.as_ref()) else {
            self.in_force = Some(Arc::clone(goal));
            return Ok(Change::default());
        };
        let change = self.explain(goal, &difference, actual.as_ref());
        self.apply(goal, &difference)?;
        // From here on, what was in force is not; if the check fails, nobody knows what is.
        self.in_force = None;
        let actual = self.kernel.read_table()?;
        if let Some(difference) = goal.table.compare(actual.as_ref()) {
            return Err(KernelError::NotAsAsked {
                difference: difference.to_string(),
            });
        }
        self.in_force = Some(Arc::clone(goal));
        Ok(change)
    }

    /// Whether this difference is ours, somebody else's, or both.
    fn explain(
        &self,
        goal: &Arc<Goal>,
        difference: &Difference,
        actual: Option<&TableImage>,
    ) -> Change {
        match &self.in_force {
            None => Change {
                updated: true,
                repaired: None,
            },
            Some(in_force) if in_force.table == goal.table => Change {
                updated: false,
                repaired: Some(difference.to_string()),
            },
            Some(in_force) => {
                let foreign = in_force.table.compare(actual);
                Change {
                    updated: true,
                    repaired: foreign.map(|foreign| foreign.to_string()),
                }
            }
        }
    }

    fn apply(&mut self, goal: &Goal, difference: &Difference) -> Result<(), KernelError> {
        if let Difference::Contents(update) = difference {
            match self.kernel.update_table(update) {
                // Somebody changed the table since we read it.
                Err(KernelError::Refused { .. }) => {}
                result => return result,
            }
        }
        self.kernel.replace_table(&goal.table)
    }

    fn forwarding(&mut self, goal: &Goal) -> Result<Change, KernelError> {
        if !goal.forwarding {
            self.forwarding_in_force = false;
            return Ok(Change::default());
        }
        let was_on = self.kernel.forwarding()?;
        let change = if was_on {
            Change::default()
        } else {
            self.kernel.enable_forwarding()?;
            if !self.kernel.forwarding()? {
                return Err(KernelError::NotAsAsked {
                    difference: "ip_forward is 0 again".to_owned(),
                });
            }
            let repaired = self
                .forwarding_in_force
                .then(|| "ip_forward was 0".to_owned());
            Change {
                updated: repaired.is_none(),
                repaired,
            }
        };
        self.forwarding_in_force = true;
        Ok(change)
    }
}
