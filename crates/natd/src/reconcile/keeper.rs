//! One pass: look at the kernel, and make it what it should be. Blocking, and without a clock.
//!
//! In: a [`Goal`]. Out: a [`PassReport`]. Everything that is remembered between passes is what was
//! last seen in force: that alone tells an intended update from a foreign change.

use crate::flows::Closing;
use crate::image::{Difference, TableImage};
use crate::intent::Standing;
use crate::kernel::{Kernel, KernelError};
use crate::plan::Plan;
use crate::ruleset::{Ruleset, Targets};
use ipam::{Ipv4Network, Protocol};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How often tracked connections are listed and deleted until a list has none that must end.
const CLOSING_ROUNDS: u32 = 32;

/// What the kernel should be at.
#[derive(Debug, PartialEq, Eq)]
pub struct Goal {
    /// Our table.
    pub table: TableImage,
    /// The same, to put the kernel's own forwards in where the node may open none.
    pub rules: Ruleset,
    /// Where its forwards lead.
    pub targets: Targets,
    /// The clients' networks.
    pub networks: Vec<Ipv4Network>,
    /// This host's addresses.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// Whether the node may open forwards: not while it is behind, as long as there is a way in.
    pub opens: bool,
    /// Whether `ip_forward` must be on.
    pub forwarding: bool,
    /// The number of the view that this was planned from.
    pub generation: u64,
}

/// Keeps one kernel.
#[derive(Debug)]
pub struct Keeper<K> {
    kernel: K,
    /// The table that was last seen in the kernel, as we had put it there.
    in_force: Option<TableImage>,
    /// Forwards that the kernel had of a former life, less those that were withdrawn since.
    adopted: Option<Targets>,
    /// The forwards of the last goal while the node was behind.
    planned: Targets,
    /// The forwards in force when no flow was left that they do not make; none if never.
    swept: Option<Targets>,
    /// Whether the table of an older build is known to be gone.
    predecessor_gone: bool,
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
    /// How many tracked connections were ended.
    pub flows: Result<u32, KernelError>,
}

impl Goal {
    /// The goal of a plan.
    #[must_use]
    pub fn new(plan: &Plan, standing: Standing, generation: u64) -> Self {
        Self {
            table: plan.ruleset.image(),
            rules: plan.ruleset.clone(),
            targets: plan.ruleset.targets(),
            networks: plan.networks.clone(),
            addresses: plan.addresses.clone(),
            opens: standing != Standing::Behind
                || !plan.forwards_enter
                || ipam::mutated!("s9_behind_opens"),
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
        self.table.is_err() || self.forwarding.is_err() || self.flows.is_err()
    }
}

impl<K: Kernel> Keeper<K> {
    /// Of this kernel, of which nothing is known yet.
    pub const fn new(kernel: K) -> Self {
        Self {
            kernel,
            in_force: None,
            adopted: None,
            planned: Targets::new(),
            swept: None,
            predecessor_gone: false,
            forwarding_in_force: false,
        }
    }

    /// Makes the kernel what `goal` says, and ends the flows of the addresses in `vacated`. Blocking:
    /// see [`Kernel`].
    pub fn pass(&mut self, goal: &Arc<Goal>, vacated: &BTreeSet<Ipv4Addr>) -> PassReport {
        // Rules before forwarding: a host that starts to forward does so under our policy. Rules
        // before flows: what is ended must not begin again.
        let table = self.table(goal);
        let flows = match &table {
            Ok(_) => self.close_flows(goal, vacated),
            Err(_) => Ok(0),
        };
        PassReport {
            table,
            forwarding: self.forwarding(goal),
            flows,
        }
    }

    fn table(&mut self, goal: &Goal) -> Result<Change, KernelError> {
        let actual = self.kernel.read_table()?;
        let wanted = self.wanted(goal, actual.as_ref());
        let change = match wanted.compare(actual.as_ref()) {
            None => Change::default(),
            Some(difference) => {
                let change = self.explain(&wanted, &difference, actual.as_ref());
                self.apply(&wanted, &difference)?;
                // From here on, what was in force is not; if the check fails, nobody knows what is.
                self.in_force = None;
                let actual = self.kernel.read_table()?;
                if let Some(difference) = wanted.compare(actual.as_ref()) {
                    return Err(KernelError::NotAsAsked {
                        difference: difference.to_string(),
                    });
                }
                change
            }
        };
        self.in_force = Some(wanted);
        if !self.predecessor_gone {
            if self.kernel.remove_predecessor()? {
                tracing::info!("removed the table ip gatewayd of an older build");
            }
            self.predecessor_gone = true;
        }
        Ok(change)
    }

    /// S9: a node that is behind opens no forward. Those that the kernel has of its former life stay, but
    /// for those whose withdrawal it sees on the way.
    fn wanted(&mut self, goal: &Goal, actual: Option<&TableImage>) -> TableImage {
        let adopted = self
            .adopted
            .get_or_insert_with(|| actual.map(TableImage::targets).unwrap_or_default());
        if goal.opens && ipam::mutated!("s9_withdrawn_stays_open") {
            let mut open = actual.map(TableImage::targets).unwrap_or_default();
            open.extend(goal.targets.clone());
            return goal.rules.with_targets(&open).image();
        }
        if goal.opens {
            return goal.table.clone();
        }
        for (port, target) in &self.planned {
            if goal.targets.get(port) != Some(target) {
                adopted.remove(port);
            }
        }
        self.planned.clone_from(&goal.targets);
        goal.rules.with_targets(adopted).image()
    }

    /// S9: ends what no forward leads any more, and what a tenant left behind.
    fn close_flows(
        &mut self,
        goal: &Goal,
        vacated: &BTreeSet<Ipv4Addr>,
    ) -> Result<u32, KernelError> {
        let leads = |(port, target)| goal.targets.get(port) == Some(target);
        let withdrawn = !self
            .swept
            .as_ref()
            .is_some_and(|swept| swept.iter().all(leads));
        let former = self.swept.clone().unwrap_or_default();
        let mut opened = goal.targets.clone();
        opened
            .retain(|port, _| goal.opens && port.0 == Protocol::Udp && !former.contains_key(port));
        let closing = Closing {
            forwards: (goal.opens && withdrawn).then(|| goal.targets.clone()),
            former,
            opened,
            addresses: goal.addresses.clone(),
            networks: goal.networks.clone(),
            vacated: vacated.clone(),
        };
        let mut closed = 0;
        if !closing.is_empty() {
            closed = self.close_until_none_is_left(closing)?;
        }
        if goal.opens {
            self.swept = Some(goal.targets.clone());
        }
        Ok(closed)
    }

    fn close_until_none_is_left(&mut self, mut closing: Closing) -> Result<u32, KernelError> {
        // Once: the host's own datagrams to another's port of that number come again, and may.
        let mut closed = self.kernel.close_flows(&closing)?;
        closing.opened.clear();
        if closing.is_empty() {
            return Ok(closed);
        }
        for _ in 0..CLOSING_ROUNDS {
            match self.kernel.close_flows(&closing)? {
                0 => return Ok(closed),
                some => closed += some,
            }
        }
        Err(KernelError::FlowsComeBack { closed })
    }

    /// Whether this difference is ours, somebody else's, or both.
    fn explain(
        &self,
        wanted: &TableImage,
        difference: &Difference,
        actual: Option<&TableImage>,
    ) -> Change {
        match &self.in_force {
            None => Change {
                updated: true,
                repaired: None,
            },
            Some(in_force) if in_force == wanted => Change {
                updated: false,
                repaired: Some(difference.to_string()),
            },
            Some(in_force) => {
                let foreign = in_force.compare(actual);
                Change {
                    updated: true,
                    repaired: foreign.map(|foreign| foreign.to_string()),
                }
            }
        }
    }

    fn apply(&mut self, wanted: &TableImage, difference: &Difference) -> Result<(), KernelError> {
        if let Difference::Contents(update) = difference {
            match self.kernel.update_table(update) {
                // Somebody changed the table since we read it.
                Err(KernelError::Refused { .. }) => {}
                result => return result,
            }
        }
        self.kernel.replace_table(wanted)
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
