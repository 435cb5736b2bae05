//! What is applied, what counts as drift, and how it is repaired.

use crate::common::{empty, forward, usual};
use crate::running::{Running, image};
use ipam::Protocol;
use natd::image::ChainImage;
use natd::kernel::fake::{FakeKernel, FakeState};
use natd::ruleset::TABLE;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn lan(state: &mut FakeState) -> &mut ChainImage {
    let mut chains = state.ours().chains.iter_mut();
    chains.find(|chain| chain.name == "lan").expect("the chain")
}

#[tokio::test(start_paused = true)]
async fn plan_is_applied_once() {
    let mut running = Running::in_sync(usual()).await;
    let status = running.settled().await;
    let state = running.kernel.state();
    assert_eq!((state.transactions, state.forwarding), (1, true));
    assert_eq!(
        (status.updates, status.repairs(), status.applied_generation),
        (1, 0, 1)
    );
    assert_eq!(running.table(), Some(image(&usual())));
}

#[tokio::test(start_paused = true)]
async fn table_already_as_desired_is_not_written() {
    let kernel = FakeKernel::new();
    kernel.edit(|state| {
        state.tables.insert(TABLE, image(&usual()));
        state.forwarding = true;
    });
    let mut running = Running::start(kernel, usual());
    running.until("in sync", |status| status.in_sync).await;
    let status = running.settled().await;
    assert_eq!(
        (
            running.kernel.state().transactions,
            status.updates,
            status.repairs()
        ),
        (0, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn flushed_table_is_repaired_and_counted() {
    let mut running = Running::in_sync(usual()).await;
    running.kernel.flush_ruleset();
    let status = running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
    assert_eq!(
        status.last_repair_reason.as_deref(),
        Some("the table is not there")
    );
    assert!(status.last_repair.is_some() && status.in_sync);
    assert_eq!(running.table(), Some(image(&usual())));
    assert_eq!(running.settled().await.repairs(), 1);
}

#[tokio::test(start_paused = true)]
async fn drifted_contents_are_repaired_in_place() {
    let mut running = Running::in_sync(usual()).await;
    running
        .kernel
        .edit(|state| state.ours().sets[0].elements.clear());
    let status = running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
    let reason = "map tcp_forwards has 2 elements missing, 0 foreign, 0 changed";
    assert_eq!(status.last_repair_reason.as_deref(), Some(reason));
    running.kernel.edit(|state| lan(state).rules.swap(0, 1));
    let status = running
        .until("a repair", |status| status.table_repairs == 2)
        .await;
    assert_eq!(
        status.last_repair_reason.as_deref(),
        Some("rule 1 of chain lan is another")
    );
    assert_eq!(running.table(), Some(image(&usual())));
}

#[tokio::test(start_paused = true)]
async fn updates_of_ours_count_as_no_drift() {
    let mut running = Running::in_sync(usual()).await;
    let mut next = usual();
    next.forwards.push(forward(Protocol::Udp, 9, 30, 9));
    for view in [next, empty(), usual()] {
        let wanted = image(&view);
        let generation = running.status.borrow().generation + 1;
        running.views.send_replace(Arc::new(view.into()));
        running
            .until("the view", |status| status.applied_generation == generation)
            .await;
        assert_eq!(running.table(), Some(wanted));
    }
    let status = running.settled().await;
    assert_eq!((status.updates, status.repairs()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn drift_behind_an_update_counts_as_both() {
    let mut running = Running::in_sync(usual()).await;
    running.kernel.edit_silently(|state| state.tables.clear());
    running.views.send_replace(Arc::new(empty().into()));
    let status = running
        .until("the update", |status| status.applied_generation == 2)
        .await;
    assert_eq!((status.updates, status.table_repairs), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn drift_without_notification_is_repaired_by_the_resync() {
    let mut running = Running::in_sync(usual()).await;
    // Whatever our own transaction announced has been looked at by then.
    running.settled().await;
    running.kernel.edit_silently(|state| state.tables.clear());
    running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
}

#[tokio::test(start_paused = true)]
async fn forwarding_switched_off_is_repaired_and_counted() {
    let mut running = Running::in_sync(usual()).await;
    running.kernel.edit(|state| state.forwarding = false);
    let status = running
        .until("a repair", |status| status.forwarding_repairs == 1)
        .await;
    assert!(running.kernel.state().forwarding);
    assert_eq!((status.table_repairs, status.repairs()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn forwarding_not_needed_is_left_alone() {
    let mut running = Running::in_sync(empty()).await;
    assert!(running.settled().await.last_error.is_none() && !running.kernel.state().forwarding);
    running.kernel.edit(|state| state.forwarding = true);
    running.settled().await;
    assert!(running.kernel.state().forwarding, "others may need it");
}

#[tokio::test(start_paused = true)]
async fn repeated_drift_is_repaired_more_slowly() {
    let mut running = Running::in_sync(usual()).await;
    let start = Instant::now();
    for round in 1..=20 {
        running.kernel.flush_ruleset();
        running
            .until("a repair", |status| status.table_repairs == round)
            .await;
    }
    let took = start.elapsed();
    assert!(took > Duration::from_secs(20), "20 repairs took {took:?}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let start = Instant::now();
    running.kernel.flush_ruleset();
    running
        .until("a repair", |status| status.table_repairs == 21)
        .await;
    assert!(start.elapsed() < Duration::from_secs(1), "it is forgotten");
}
