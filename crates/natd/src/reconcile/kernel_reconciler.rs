//! One reconcile pass over a node's kernel: the table, then the tracked connections, then `ip_forward`.
//! Blocking, and without a clock.
//!
//! In: a [`DesiredState`]. Out: a [`PassReport`]. Between passes it remembers only what it last saw in
//! force. It is lost in a restart: what is then in the kernel counts as made by an earlier process.

use super::pass_report::{Change, PassReport};
use super::table_reconciler::TableReconciler;
use crate::flows::Closing;
use crate::image::TableImage;
use crate::intent::ReplicaStatus;
use crate::kernel::{Kernel, KernelError};
use crate::plan::Plan;
use crate::ruleset::{PREDECESSOR, Ruleset, TABLE, Targets};
use ipam::{Ipv4Network, Protocol};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// How often tracked connections are listed and deleted until a list has none that must end.
const CLOSING_ROUNDS: u32 = 32;

/// What the kernel should hold.
#[derive(Debug, PartialEq, Eq)]
pub struct DesiredState {
    /// Our table.
    pub table: TableImage,
    /// The same as rules: a node that is catching up puts the forwards that the kernel already has into them.
    pub rules: Ruleset,
    /// Where its forwards lead.
    pub targets: Targets,
    /// The clients' networks.
    pub networks: Vec<Ipv4Network>,
    /// This host's addresses.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// Whether the node may open forwards. While it is catching up, only if nothing can enter by one.
    pub opens: bool,
    /// Whether `ip_forward` must be on.
    pub forwarding: bool,
    /// The number of the view that this was planned from.
    pub generation: u64,
}

/// Keeps one kernel at its desired state.
#[derive(Debug)]
pub struct KernelReconciler<K> {
    kernel: K,
    table: TableReconciler,
    /// The forwards that an earlier process left in the kernel, less those that were withdrawn since.
    adopted: Option<Targets>,
    /// The forwards of the last desired state while the node was catching up.
    planned: Targets,
    /// The forwards that all tracked connections were last known to agree with; none if never.
    flows_match: Option<Targets>,
    /// Whether the table of an older build is known to be gone.
    predecessor_gone: bool,
    /// Whether forwarding was last seen to be on because we needed it.
    forwarding_applied: bool,
}

impl DesiredState {
    /// The desired state that a plan means.
    #[must_use]
    pub fn new(plan: &Plan, replica: ReplicaStatus, generation: u64) -> Self {
        let opens = replica != ReplicaStatus::CatchingUp || !plan.forwards_enter;
        //~ mutant s9_behind_opens: let opens = true;
        Self {
            table: plan.ruleset.image(),
            rules: plan.ruleset.clone(),
            targets: plan.ruleset.targets(),
            networks: plan.networks.clone(),
            addresses: plan.addresses.clone(),
            opens,
            forwarding: plan.forwarding,
            generation,
        }
    }
}

impl<K: Kernel> KernelReconciler<K> {
    /// Of this kernel, of which nothing is known yet.
    pub const fn new(kernel: K) -> Self {
        Self {
            kernel,
            table: TableReconciler::new(TABLE),
            adopted: None,
            planned: Targets::new(),
            flows_match: None,
            predecessor_gone: false,
            forwarding_applied: false,
        }
    }

    /// Makes the kernel what `desired` says, and ends the flows of the addresses in `vacated`. Blocking:
    /// see [`Kernel`].
    pub fn reconcile(
        &mut self,
        desired: &DesiredState,
        vacated: &BTreeSet<Ipv4Addr>,
    ) -> PassReport {
        // Rules before forwarding: a host that starts to forward does so under our policy. Rules
        // before flows: what is ended must not begin again.
        let table = self.table(desired);
        let flows = match &table {
            Ok(_) => self.close_flows(desired, vacated),
            Err(_) => Ok(0),
        };
        PassReport {
            table,
            forwarding: self.forwarding(desired),
            flows,
        }
    }

    fn table(&mut self, desired: &DesiredState) -> Result<Change, KernelError> {
        let actual = self.table.read(&mut self.kernel)?;
        let table = self.desired_table(desired, actual.as_ref());
        let change = self
            .table
            .reconcile(&mut self.kernel, table, actual.as_ref())?;
        if !self.predecessor_gone {
            if self.kernel.remove_table(PREDECESSOR)? {
                tracing::info!("removed the table {PREDECESSOR} of an older build");
            }
            self.predecessor_gone = true;
        }
        Ok(change)
    }

    /// S9: a node that is catching up opens no forward. Forwards that an earlier process left in the kernel
    /// stay open until the node sees their withdrawal.
    fn desired_table(&mut self, desired: &DesiredState, actual: Option<&TableImage>) -> TableImage {
        let adopted = self
            .adopted
            .get_or_insert_with(|| actual.map(TableImage::targets).unwrap_or_default());
        if desired.opens {
            //~ mutant s9_withdrawn_stays_open: {
            //~     let open = actual.into_iter().flat_map(TableImage::targets).chain(desired.targets.clone());
            //~     return desired.rules.with_targets(&open.collect()).image();
            //~     }
            return desired.table.clone();
        }
        for (port, target) in &self.planned {
            if desired.targets.get(port) != Some(target) {
                adopted.remove(port);
            }
        }
        self.planned.clone_from(&desired.targets);
        desired.rules.with_targets(adopted).image()
    }

    /// S9: ends the tracked connections that no forward makes any more, and those of former tenants.
    fn close_flows(
        &mut self,
        desired: &DesiredState,
        vacated: &BTreeSet<Ipv4Addr>,
    ) -> Result<u32, KernelError> {
        let leads = |(port, target)| desired.targets.get(port) == Some(target);
        let withdrawn = !self
            .flows_match
            .as_ref()
            .is_some_and(|former| former.iter().all(leads));
        let former = self.flows_match.clone().unwrap_or_default();
        let mut opened = desired.targets.clone();
        opened.retain(|port, _| {
            desired.opens && port.0 == Protocol::Udp && !former.contains_key(port)
        });
        let closing = Closing {
            forwards: (desired.opens && withdrawn).then(|| desired.targets.clone()),
            former,
            opened,
            addresses: desired.addresses.clone(),
            networks: desired.networks.clone(),
            vacated: vacated.clone(),
        };
        let mut closed = 0;
        if !closing.is_empty() {
            closed = self.close_until_none_is_left(closing)?;
        }
        if desired.opens {
            self.flows_match = Some(desired.targets.clone());
        }
        Ok(closed)
    }

    fn close_until_none_is_left(&mut self, mut closing: Closing) -> Result<u32, KernelError> {
        // Flows of new forwards are closed once. The host itself may send to another host's port of that
        // number; such a flow looks the same, comes back at once, and may.
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

    fn forwarding(&mut self, desired: &DesiredState) -> Result<Change, KernelError> {
        if !desired.forwarding {
            self.forwarding_applied = false;
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
            let drift = self
                .forwarding_applied
                .then(|| "ip_forward was 0".to_owned());
            Change {
                updated: drift.is_none(),
                drift,
            }
        };
        self.forwarding_applied = true;
        Ok(change)
    }
}
