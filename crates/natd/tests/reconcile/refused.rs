//! What cannot be done: transactions that the kernel refuses, views that have no plan.

use crate::common::{empty, usual};
use crate::running::{Running, image};
use natd::kernel::fake::FakeKernel;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn refused_transaction_is_reported_and_retried() {
    let kernel = FakeKernel::new();
    kernel.edit(|state| state.refuse = 3);
    let mut running = Running::start(kernel, empty());
    let status = running
        .until("an error", |status| status.last_error.is_some())
        .await;
    let error = status.last_error.unwrap_or_default();
    assert!(
        error.starts_with("replacing the table (it needs CAP_NET_ADMIN): "),
        "{error}"
    );
    assert!(!status.in_sync);
    let status = running.until("in sync", |status| status.in_sync).await;
    assert_eq!(
        (status.updates, status.repairs(), status.last_error),
        (1, 0, None)
    );
}

#[tokio::test(start_paused = true)]
async fn refused_update_becomes_a_replacement() {
    let mut running = Running::in_sync(usual()).await;
    running.kernel.edit(|state| {
        state.ours().sets[2].elements.clear();
        state.refuse = 1;
    });
    let status = running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
    assert_eq!(
        (status.last_error, running.table()),
        (None, Some(image(&usual())))
    );
}

#[tokio::test(start_paused = true)]
async fn view_without_a_plan_keeps_the_last_rules() {
    let mut running = Running::in_sync(usual()).await;
    let mut impossible = usual();
    impossible.forwards.push(impossible.forwards[0]);
    running.views.send_replace(Arc::new(impossible.into()));
    let status = running
        .until("the error", |status| status.plan_error.is_some())
        .await;
    assert_eq!(
        (status.in_sync, status.generation, status.applied_generation),
        (false, 2, 1)
    );
    running.kernel.flush_ruleset();
    running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
    assert_eq!(running.table(), Some(image(&usual())));
    running.views.send_replace(Arc::new(usual().into()));
    let status = running.until("in sync", |status| status.in_sync).await;
    assert_eq!((status.plan_error, status.applied_generation), (None, 3));
}

#[tokio::test(start_paused = true)]
async fn first_view_without_a_plan_guards_the_host() {
    let mut impossible = usual();
    impossible.forwards.push(impossible.forwards[0]);
    let mut running = Running::start(FakeKernel::new(), impossible);
    let status = running.until("a table", |status| status.updates == 1).await;
    assert!(status.plan_error.is_some() && running.public_ports().is_empty());
}
