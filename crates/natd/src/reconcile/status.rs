//! What the node can say about its NAT.

use super::kernel_reconciler::DesiredState;
use super::pass_report::{Change, PassReport};
use super::report;
use crate::kernel::KernelError;
use std::time::Duration;

/// How the kernel compares with the desired state, and what was done about it since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatStatus {
    /// The kernel was last seen to be exactly what the newest view wants.
    pub in_sync: bool,
    /// How often drift of our table (somebody else's change) was repaired.
    pub table_repairs: u64,
    /// How often somebody had switched IPv4 forwarding off.
    pub forwarding_repairs: u64,
    /// How often our table was changed because the plan had changed.
    pub updates: u64,
    /// How long the last repair took, from waking up to having read it back.
    pub last_repair: Option<Duration>,
    /// What the last repair found.
    pub last_repair_reason: Option<String>,
    /// Why the kernel is not as it should be; none if it is.
    pub last_error: Option<String>,
    /// Why the newest view has no plan; none if it has one.
    pub plan_error: Option<String>,
    /// What keeps traffic from flowing as the state says, each with its remedy (S11).
    pub problems: Vec<String>,
    /// The node has no uplink: it translates nothing, and only guards its own host.
    pub no_uplink: bool,
    /// How many views have been seen.
    pub generation: u64,
    /// The view that the kernel was last seen to be at; 0 if none.
    pub applied_generation: u64,
}

impl NatStatus {
    /// All repairs.
    #[must_use]
    pub const fn repairs(&self) -> u64 {
        self.table_repairs + self.forwarding_repairs
    }

    /// Adds what a pass reports, and logs it: an update as information, a repair of drift as a warning.
    pub(super) fn record(&mut self, desired: &DesiredState, report: &PassReport, took: Duration) {
        let mut errors = Vec::new();
        match &report.table {
            Ok(change) => {
                self.updates += u64::from(change.updated);
                self.table_repairs += self.record_repair("the table", change, took);
                if change.updated {
                    tracing::info!(
                        generation = desired.generation,
                        ?took,
                        "nftables table updated"
                    );
                }
            }
            Err(error) => errors.push(logged("the nftables table", error)),
        }
        match &report.forwarding {
            Ok(change) => {
                self.forwarding_repairs += self.record_repair("IPv4 forwarding", change, took)
            }
            Err(error) => errors.push(logged("IPv4 forwarding", error)),
        }
        match &report.flows {
            Ok(0) => {}
            Ok(flows) => tracing::info!(flows, "connections that were withdrawn are ended"),
            Err(error) => errors.push(logged("the table of tracked connections", error)),
        }
        if errors.is_empty() {
            self.applied_generation = desired.generation;
        }
        self.in_sync =
            errors.is_empty() && desired.opens && self.applied_generation == self.generation;
        self.last_error = (!errors.is_empty()).then(|| errors.join("; "));
    }

    fn record_repair(&mut self, what: &str, change: &Change, took: Duration) -> u64 {
        let Some(reason) = &change.drift else {
            return 0;
        };
        tracing::warn!(
            reason,
            ?took,
            "{what} was changed by somebody else; repaired"
        );
        self.last_repair = Some(took);
        self.last_repair_reason = Some(reason.clone());
        1
    }
}

fn logged(what: &str, error: &KernelError) -> String {
    let text = report(error);
    tracing::error!(error = text, "{what} is not as it should be");
    text
}
