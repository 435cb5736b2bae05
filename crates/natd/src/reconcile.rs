//! Keeps the kernel at the plan: applies it, reads it back, repairs what others change, and counts.
//!
//! * **In.** The [`NatView`] (a `watch`: only the newest matters), the kernel's events, a timer. All
//!   three only wake it up; what to do follows from the view and from what the kernel holds.
//! * **Out.** Transactions on our own table, `ip_forward`, and a [`NatStatus`].
//! * **Not.** It decides no rule ([`crate::plan()`] does), and it never touches another's table.
//! * **Invariants.** Nothing is sent while the kernel is as it should be, so our own events end in a
//!   read. A view that cannot be planned leaves the kernel at the last one that could.
//! * **Blocking.** Kernel calls run on tokio's blocking threads, one at a time; the future never blocks.
//! * **Cancellation, crash.** Dropping the future, or the process, leaves the kernel as the last
//!   finished transaction made it: rules stay on exit.
//!
//! The first view must be the node's recovered state, not an empty default: an empty view plans a
//! table without forwards, and a restart would withdraw them all until the state arrives.

mod keeper;
mod pace;
mod status;

pub use keeper::{Change, Goal, Keeper, PassReport};
pub use status::NatStatus;

use crate::context::NodeContext;
use crate::kernel::{Kernel, KernelEvents};
use crate::plan::plan;
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
    node: NodeContext,
    resync: Duration,
    pacer: Pacer,
    goal: Option<Arc<Goal>>,
    status: NatStatus,
}

/// What ended a wait.
enum Wake {
    View,
    Event,
    Timer,
    End,
}

impl<K: Kernel, E: KernelEvents> Reconciler<K, E> {
    /// For this kernel and this node. Does nothing yet.
    pub fn new(kernel: K, events: E, node: NodeContext) -> Self {
        Self {
            keeper: Some(Keeper::new(kernel)),
            events,
            node,
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

    /// Runs until the sender of `views` is gone.
    pub async fn run(
        mut self,
        mut views: watch::Receiver<Arc<NatView>>,
        status: watch::Sender<NatStatus>,
    ) {
        let view = Arc::clone(&views.borrow_and_update());
        self.set_goal(&view);
        self.pass().await;
        status.send_replace(self.status.clone());
        loop {
            match self.wake(&mut views).await {
                Wake::End => return,
                Wake::View => {
                    let view = Arc::clone(&views.borrow_and_update());
                    self.set_goal(&view);
                }
                Wake::Event | Wake::Timer => {}
            }
            self.pass().await;
            status.send_if_modified(|old| {
                let modified = *old != self.status;
                old.clone_from(&self.status);
                modified
            });
        }
    }

    /// Waits for a reason to look. Views go first, and are never paced.
    async fn wake(&mut self, views: &mut watch::Receiver<Arc<NatView>>) -> Wake {
        let look_anyway = self
            .pacer
            .retry_at()
            .unwrap_or(Instant::now() + self.resync);
        let mut event = false;
        let mut listening = true;
        loop {
            tokio::select! {
                biased;
                changed = views.changed() => return if changed.is_ok() { Wake::View } else { Wake::End },
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

    fn set_goal(&mut self, view: &NatView) {
        self.status.generation += 1;
        match plan(view, &self.node) {
            Ok(plan) => self.goal = Some(Arc::new(Goal::new(&plan, self.status.generation))),
            Err(error) => {
                tracing::error!(error = %error, "this NAT intent has no plan; the rules stay as they are");
                self.status.plan_error = Some(format!("planning: {error}"));
                return;
            }
        }
        self.status.plan_error = None;
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
        let work = tokio::task::spawn_blocking(move || {
            let report = keeper.pass(&goal);
            (keeper, goal, report)
        });
        let (keeper, goal, report) = match work.await {
            Ok(done) => done,
            // Blocking work is never cancelled once started; so it panicked, and so do we.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        self.keeper = Some(keeper);
        self.pacer
            .after_pass(started, report.repaired(), report.failed());
        self.status.record(&goal, &report, started.elapsed());
    }
}

/// The error and its causes in one line.
fn report(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
