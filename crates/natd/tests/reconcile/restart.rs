//! S9: a node that starts opens no forward before it has caught up, and closes what it sees withdrawn.

use crate::common::{forward, usual, without_uplink};
use crate::flows::flow;
use crate::running::{Running, image};
use ipam::{NatView, Protocol};
use natd::kernel::fake::FakeKernel;
use natd::ruleset::TABLE;
use natd::{Intent, ReplicaStatus};
use std::sync::Arc;

fn catching_up(view: NatView) -> Intent {
    Intent {
        view,
        replica: ReplicaStatus::CatchingUp,
    }
}

/// A kernel in which an earlier process left these rules.
fn left_by_an_earlier_process(view: &NatView) -> FakeKernel {
    let kernel = FakeKernel::new();
    kernel.edit(|state| {
        state.tables.insert(TABLE, image(view));
        state.forwarding = true;
    });
    kernel
}

/// After a power cut of all, the node that boots alone opened a forward that was removed.
#[tokio::test(start_paused = true)]
async fn node_catching_up_opens_no_forward() {
    let mut running = Running::start(FakeKernel::new(), catching_up(usual()));
    running
        .until("the first table", |status| status.updates == 1)
        .await;
    let status = running.settled().await;
    assert_eq!(running.public_ports(), [0; 0]);
    assert!(!status.in_sync && status.problems[0].contains("opens no forward"));
    running.views.send_replace(Arc::new(usual().into()));
    let status = running.until("in sync", |status| status.in_sync).await;
    assert_eq!(running.public_ports(), [80, 2222, 53]);
    assert!(status.problems.is_empty(), "{:?}", status.problems);
}

#[tokio::test(start_paused = true)]
async fn forwards_from_before_a_restart_stay_until_caught_up() {
    let mut newer = usual();
    newer.forwards.push(forward(Protocol::Tcp, 9, 30, 9));
    let kernel = left_by_an_earlier_process(&newer);
    let mut older = usual();
    older.forwards.push(forward(Protocol::Tcp, 10, 30, 10));
    let mut running = Running::start(kernel, catching_up(older.clone()));
    running
        .until("a table", |status| status.applied_generation == 1)
        .await;
    assert_eq!(running.public_ports(), [9, 80, 2222, 53]);
    older.forwards.remove(0);
    running.views.send_replace(Arc::new(catching_up(older)));
    running
        .until("the withdrawal", |status| status.applied_generation == 2)
        .await;
    assert_eq!(running.public_ports(), [9, 2222, 53], "80 is withdrawn");
    running.views.send_replace(Arc::new(usual().into()));
    running.until("in sync", |status| status.in_sync).await;
    assert_eq!(running.public_ports(), [80, 2222, 53]);
}

/// Forward tcp 8080, restart without GATEWAY_UPLINK_INTERFACE: the port stayed open.
#[tokio::test(start_paused = true)]
async fn node_without_an_uplink_closes_what_was_open() {
    let kernel = left_by_an_earlier_process(&usual());
    kernel.edit(|state| state.flows = vec![flow("203.0.113.1:80", "10.15.3.20:8080")]);
    let mut running = Running::start_on(kernel, catching_up(usual()), without_uplink());
    let status = running.until("in sync", |status| status.in_sync).await;
    assert!(status.no_uplink);
    assert_eq!(running.public_ports(), [0; 0]);
    assert!(running.kernel.state().flows.is_empty());
}
