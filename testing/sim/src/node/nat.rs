//! A node's NAT: natd's plan and its reconcile passes, on a kernel that is made up.
//!
//! natd's own `Reconciler` runs its passes on tokio's blocking threads, whose order no simulation can
//! decide; so the loop around the passes is this one, and the reconciler's pacing is left to natd's
//! tests.

use cluster::Cluster;
use futures::FutureExt;
use natd::kernel::KernelEvents;
use natd::kernel::fake::FakeKernel;
use natd::reconcile::{DesiredState, KernelReconciler};
use natd::{NodeContext, plan};
use std::sync::Arc;

/// Keeps the kernel at the replicated intent until the node stops.
pub(super) async fn keep(cluster: Cluster, context: NodeContext, kernel: FakeKernel) {
    let (input, follow) = ::node::follow_nat_intent(cluster);
    let (mut intents, vacated) = (input.intents, input.vacated);
    let mut events = kernel.events();
    let mut reconciler = KernelReconciler::new(kernel);
    let keep = async {
        let mut generation = 0;
        loop {
            let intent = Arc::clone(&intents.borrow_and_update());
            generation += 1;
            match plan(&intent.effective(), &context) {
                Ok(plan) => {
                    let desired = DesiredState::new(&plan, intent.replica, generation);
                    let report = reconciler.reconcile(&desired, &vacated.take());
                    if report.failed() {
                        tracing::warn!("the kernel is not at its desired state");
                    }
                }
                Err(error) => tracing::error!(%error, "this NAT intent has no plan"),
            }
            tokio::select! {
                biased;
                changed = intents.changed() => if changed.is_err() {
                    return;
                },
                () = vacated.added() => {}
                heard = events.changed() => if let Err(error) = heard {
                    tracing::error!(%error, "no word of changes any more");
                    return;
                },
            }
        }
    };
    futures::future::select(keep.boxed(), follow.boxed()).await;
}
