//! Keeps the kernel at the plan: applies it, reads it back, repairs what others change, and counts.
//!
//! * **In.** The [`Intent`] and the node's own facts (a `watch` each: only the newest matters), the
//!   kernel's events, addresses that lose their tenant, a timer. They only wake it up; what to do
//!   follows from the intent and from what the kernel holds.
//! * **Out.** Transactions on our own table, ended flows, `ip_forward`, and a [`NatStatus`].
//! * **Not.** It decides no rule ([`crate::plan()`] does), and it never touches another's table.
//! * **Invariants.** Nothing is sent while the kernel is as it should be, so our own events end in a
//!   read. A view that cannot be planned leaves the kernel at the last one that could.
//! * **Blocking.** Kernel calls run on tokio's blocking threads, one at a time; the future never blocks.
//! * **Cancellation, crash.** Dropping the future, or the process, leaves the kernel as the last
//!   finished transaction made it: rules stay on exit.
//!
//! A node that starts is behind ([`Standing::Behind`]): the kernel's forwards stay until it is level.

mod keeper;
mod pace;
mod status;

pub use keeper::{Change, Goal, Keeper, PassReport};
pub use status::NatStatus;

use crate::context::NodeContext;
use crate::intent::{Intent, Standing, Vacated};
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

/// Keeps one kernel at the plan of one node.
pub struct Reconciler<K, E> {
    /// Away only while a pass runs on a blocking thread.
    keeper: Option<Keeper<K>>,
    events: E,
    nodes: watch::Receiver<Arc<NodeContext>>,
    vacated: Vacated,
    resync: Duration,
    pacer: Pacer,
    goal: Option<Arc<Goal>>,
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
            keeper: Some(Keeper::new(kernel)),
            events,
            nodes,
            vacated,
            resync: DEFAULT_RESYNC,
            pacer: Pacer::new(Instant::now()),
            goal: None,
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
        self.set_goal(&intent);
        self.pass().await;
        status.send_replace(self.status.clone());
        loop {
            match self.wake(&mut intents).await {
                Wake::End => return,
                Wake::Intent => {
                    let intent = Arc::clone(&intents.borrow_and_update());
                    self.set_goal(&intent);
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

    /// Waits for a reason to look. What the state says goes first, and is never paced.
    async fn wake(&mut self, intents: &mut watch::Receiver<Arc<Intent>>) -> Wake {
        let look_anyway = self
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
                heard = self.events.changed(), if listening && !event => match heard {
                    Ok(()) => event = true,
                    Err(error) => {
                        tracing::error!(error = %report(&error), "no word of changes until the next resync");
                        listening = false;
                    }
                },
                () = sleep_until(look_anyway) => return Wake::Timer,
            }
        }
    }

    fn set_goal(&mut self, intent: &Intent) {
        self.status.generation += 1;
        self.status.plan_error = None;
        let node = Arc::clone(&self.nodes.borrow_and_update());
        self.status.no_uplink = node.uplink_interface.is_none();
        let planned = plan(&intent.effective(), &node).or_else(|error| {
            tracing::error!(%error, "this NAT intent has no plan; the rules stay as they are");
            self.status.plan_error = Some(format!("planning: {error}"));
            // Where there are none yet, the host is guarded at least.
            if self.goal.is_some() {
                return Err(error);
            }
            guard_alone(intent, &node)
        });
        let Ok(planned) = planned else {
            return;
        };
        self.status.problems = standing_problem(intent.standing).into_iter().collect();
        self.status.problems.extend_from_slice(&planned.problems);
        let goal = Goal::new(&planned, intent.standing, self.status.generation);
        self.goal = Some(Arc::new(goal));
    }

    /// One look at the kernel, and what follows from it.
    async fn pass(&mut self) {
        let Some(goal) = self.goal.clone() else {
            return;
        };
        let started = Instant::now();
        let mut keeper = self
            .keeper
            .take()
            .expect("a pass ends before the next one starts");
        let vacated = self.vacated.take();
        let work = tokio::task::spawn_blocking(move || {
            let report = keeper.pass(&goal, &vacated);
            (keeper, goal, vacated, report)
        });
        let (keeper, goal, vacated, report) = match work.await {
            Ok(done) => done,
            // Blocking work is never cancelled once started; so it panicked, and so do we.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.keeper = Some(keeper);
        if report.table.is_err() || report.flows.is_err() {
            self.vacated.put_back(vacated);
        }
        self.pacer
            .after_pass(started, report.repaired(), report.failed());
        self.status.record(&goal, &report, started.elapsed());
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
fn standing_problem(standing: Standing) -> Option<String> {
    match standing {
        Standing::Level => None,
        Standing::Behind => Some(
            "this node has not been level with the cluster since it started, so it opens no forward: \
             it will as soon as it reaches a quorum and has caught up"
                .to_owned(),
        ),
        Standing::Removed => Some(
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
