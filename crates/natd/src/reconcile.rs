//! Keeps the kernel at the desired state: applies the plan, reads it back, repairs drift, and counts.
//!
//! * **In.** The [`Intent`] and the node's own facts (a `watch` each: only the newest matters), the
//!   kernel's change notifications, addresses that lose their tenant, a timer. They only start a pass;
//!   what a pass does follows from the intent and from what the kernel holds.
//! * **Out.** Transactions on [`crate::ruleset::TABLE`], ended flows, `ip_forward`, and a [`NatStatus`].
//! * **Not.** It decides no rule ([`crate::plan()`] does), and it never touches another's table.
//! * **Invariants.** Nothing is sent while the kernel is at the desired state, so the notifications of
//!   our own changes end in a read. A view that cannot be planned leaves the kernel at the last one that
//!   could.
//! * **Blocking.** Kernel calls run on tokio's blocking threads, one at a time; the future never blocks.
//! * **Cancellation, crash.** Dropping the future, or the process, leaves the kernel as the last
//!   finished transaction made it: rules stay on exit.
//!
//! A node that starts is catching up ([`ReplicaStatus::CatchingUp`]): until it has caught up, it leaves
//! the forwards that it finds in the kernel, and opens none.

mod kernel_reconciler;
mod pace;
mod pass_report;
mod status;
mod table_reconciler;

pub use kernel_reconciler::{DesiredState, KernelReconciler};
pub use pass_report::{Change, PassReport};
pub use status::NatStatus;
pub use table_reconciler::TableReconciler;

use crate::context::NodeContext;
use crate::intent::{Intent, ReplicaStatus, Vacated};
use crate::kernel::{Kernel, KernelEvents};
use crate::plan::{Plan, PlanError, plan};
use ipam::NatView;
use pace::Pacer;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How often the kernel is read when nothing woke us up.
pub const DEFAULT_RESYNC: Duration = Duration::from_secs(30);

/// The reconcile loop of one node and its kernel.
pub struct Reconciler<K, E> {
    /// Away only while a pass runs on a blocking thread.
    kernel: Option<KernelReconciler<K>>,
    events: E,
    nodes: watch::Receiver<Arc<NodeContext>>,
    vacated: Vacated,
    resync: Duration,
    pacer: Pacer,
    desired: Option<Arc<DesiredState>>,
    status: NatStatus,
}

/// What ended a wait.
enum Wake {
    Intent,
    Vacated,
    Event,
    Timer,
    End,
}

impl<K: Kernel, E: KernelEvents> Reconciler<K, E> {
    /// For this kernel and this node, as it may change, and the addresses that lose their tenant. Does
    /// nothing yet.
    pub fn new(
        kernel: K,
        events: E,
        nodes: watch::Receiver<Arc<NodeContext>>,
        vacated: Vacated,
    ) -> Self {
        Self {
            kernel: Some(KernelReconciler::new(kernel)),
            events,
            nodes,
            vacated,
            resync: DEFAULT_RESYNC,
            pacer: Pacer::new(Instant::now()),
            desired: None,
            status: NatStatus::default(),
        }
    }

    /// Reads the kernel this often when nothing wakes it up.
    #[must_use]
    pub fn with_resync(mut self, resync: Duration) -> Self {
        self.resync = resync;
        self
    }

    /// Runs until the sender of `intents` is gone.
    pub async fn run(
        mut self,
        mut intents: watch::Receiver<Arc<Intent>>,
        status: watch::Sender<NatStatus>,
    ) {
        let intent = Arc::clone(&intents.borrow_and_update());
        self.set_desired(&intent);
        self.pass().await;
        status.send_replace(self.status.clone());
        loop {
            match self.wake(&mut intents).await {
                Wake::End => return,
                Wake::Intent => {
                    let intent = Arc::clone(&intents.borrow_and_update());
                    self.set_desired(&intent);
                }
                Wake::Vacated | Wake::Event | Wake::Timer => {}
            }
            self.pass().await;
            status.send_if_modified(|old| {
                let modified = *old != self.status;
                old.clone_from(&self.status);
                modified
            });
        }
    }

    /// Waits for a reason for a pass. A new intent goes first, and is never delayed by pacing.
    async fn wake(&mut self, intents: &mut watch::Receiver<Arc<Intent>>) -> Wake {
        let resync_at = self
            .pacer
            .retry_at()
            .unwrap_or(Instant::now() + self.resync);
        let mut event = false;
        let mut listening = true;
        loop {
            tokio::select! {
                biased;
                changed = intents.changed() => return if changed.is_ok() { Wake::Intent } else { Wake::End },
                () = self.vacated.added() => return Wake::Vacated,
                Ok(()) = self.nodes.changed() => return Wake::Intent,
                () = sleep_until(self.pacer.event_pass_at()), if event => return Wake::Event,
                received = self.events.changed(), if listening && !event => match received {
                    Ok(()) => event = true,
                    Err(error) => {
                        tracing::error!(error = %report(&error), "no word of changes until the next resync");
                        listening = false;
                    }
                },
                () = sleep_until(resync_at) => return Wake::Timer,
            }
        }
    }

    fn set_desired(&mut self, intent: &Intent) {
        self.status.generation += 1;
        self.status.plan_error = None;
        let node = Arc::clone(&self.nodes.borrow_and_update());
        self.status.no_uplink = node.uplink_interface.is_none();
        let planned = plan(&intent.effective(), &node).or_else(|error| {
            tracing::error!(%error, "this NAT intent has no plan; the rules stay as they are");
            self.status.plan_error = Some(format!("planning: {error}"));
            // Where there are no rules yet, the host is guarded at least.
            if self.desired.is_some() {
                return Err(error);
            }
            guard_alone(intent, &node)
        });
        let Ok(planned) = planned else {
            return;
        };
        self.status.problems = replica_problem(intent.replica).into_iter().collect();
        self.status.problems.extend_from_slice(&planned.problems);
        let desired = DesiredState::new(&planned, intent.replica, self.status.generation);
        self.desired = Some(Arc::new(desired));
    }

    /// One reconcile pass.
    async fn pass(&mut self) {
        let Some(desired) = self.desired.clone() else {
            return;
        };
        let started = Instant::now();
        let mut kernel = self
            .kernel
            .take()
            .expect("a pass ends before the next one starts");
        let vacated = self.vacated.take();
        let work = tokio::task::spawn_blocking(move || {
            let report = kernel.reconcile(&desired, &vacated);
            (kernel, desired, vacated, report)
        });
        let (kernel, desired, vacated, report) = match work.await {
            Ok(done) => done,
            // Blocking work is never cancelled once started; so it panicked, and so do we.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.kernel = Some(kernel);
        if report.table.is_err() || report.flows.is_err() {
            self.vacated.put_back(vacated);
        }
        self.pacer
            .after_pass(started, report.repaired(), report.failed());
        self.status.record(&desired, &report, started.elapsed());
    }
}

/// Rules that forward and translate nothing.
fn guard_alone(intent: &Intent, node: &NodeContext) -> Result<Plan, PlanError> {
    let view = NatView {
        forwards: Vec::new(),
        leading_nowhere: Vec::new(),
        ..intent.view.clone()
    };
    let node = NodeContext {
        uplink_interface: None,
        ..node.clone()
    };
    plan(&view, &node)
}

/// Why this node does less than the state says.
fn replica_problem(replica: ReplicaStatus) -> Option<String> {
    match replica {
        ReplicaStatus::CaughtUp => None,
        ReplicaStatus::CatchingUp => Some(
            "this node has not been level with the cluster since it started, so it opens no forward: \
             it will as soon as it reaches a quorum and has caught up"
                .to_owned(),
        ),
        ReplicaStatus::Removed => Some(
            "this node was removed from the cluster, so its forwards are closed: stop it, or add it \
             again"
                .to_owned(),
        ),
    }
}

/// The error and its causes in one line.
pub(crate) fn report(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
