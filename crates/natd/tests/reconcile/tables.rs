//! Tables that are not the reconciler's: others', an older build's, and a second one of ours.

use crate::common::{empty, open, usual};
use crate::running::{Running, image};
use natd::kernel::Kernel;
use natd::kernel::fake::FakeKernel;
use natd::reconcile::TableReconciler;
use natd::ruleset::{PREDECESSOR, TABLE};
use natd::table::TableId;

const DOCKER: TableId = TableId::ip("docker");
const KUBE: TableId = TableId::inet("kube");
/// What a feature beside NAT would own.
const SECOND: TableId = TableId::inet("gatewayd_second");
/// Another's, of the same name.
const SAME_NAME: TableId = TableId::ip(SECOND.name);

#[tokio::test(start_paused = true)]
async fn foreign_tables_are_left_alone() {
    let kernel = FakeKernel::new();
    kernel.edit(|state| state.tables.insert(DOCKER, image(&empty())));
    let mut running = Running::start(kernel, usual());
    running.until("in sync", |status| status.in_sync).await;
    running.kernel.edit(|state| state.tables.remove(&TABLE));
    running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
    running
        .kernel
        .edit(|state| state.tables.insert(KUBE, image(&usual())));
    let status = running.settled().await;
    let state = running.kernel.state();
    assert_eq!(state.tables.get(&DOCKER), Some(&image(&empty())));
    assert_eq!((state.tables.len(), status.repairs()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn table_of_an_older_build_is_removed() {
    let kernel = FakeKernel::new();
    kernel.edit(|state| {
        let old = image(&usual());
        state.tables.insert(PREDECESSOR, old)
    });
    let mut running = Running::start(kernel, usual());
    running.until("in sync", |status| status.in_sync).await;
    let state = running.kernel.state();
    assert_eq!(state.tables.keys().collect::<Vec<_>>(), [&TABLE]);
}

#[test]
fn table_reconciler_repairs_its_table_alone() {
    let mut kernel = FakeKernel::new();
    let foreign = image(&open());
    kernel.edit(|state| state.tables.insert(SAME_NAME, foreign.clone()));
    let mut first = TableReconciler::new(TABLE);
    let mut second = TableReconciler::new(SECOND);
    let (firsts, seconds) = (image(&usual()), image(&empty()));
    let reconcile = |kernel: &mut FakeKernel, one: &mut TableReconciler, desired| {
        let actual = one.read(kernel).expect("readable");
        one.reconcile(kernel, desired, actual.as_ref())
            .expect("reconciled")
    };
    assert!(reconcile(&mut kernel, &mut first, firsts.clone()).updated);
    assert!(reconcile(&mut kernel, &mut second, seconds.clone()).updated);
    // Drift of one is no business of the other.
    kernel.edit(|state| state.tables.remove(&SECOND));
    let transactions = kernel.state().transactions;
    let change = reconcile(&mut kernel, &mut first, firsts.clone());
    assert_eq!((change.updated, change.drift), (false, None));
    assert_eq!(kernel.state().transactions, transactions);
    let change = reconcile(&mut kernel, &mut second, seconds.clone());
    assert_eq!(change.drift.as_deref(), Some("the table is not there"));
    assert!(!change.updated);
    assert_eq!(kernel.table(TABLE), Some(firsts.clone()));
    assert_eq!(kernel.table(SECOND), Some(seconds));
    assert!(kernel.remove_table(SECOND).expect("removed"));
    assert_eq!(kernel.table(TABLE), Some(firsts));
    assert_eq!(kernel.table(SAME_NAME), Some(foreign));
}

#[tokio::test(start_paused = true)]
async fn second_table_of_ours_is_left_alone() {
    let mut running = Running::in_sync(usual()).await;
    running
        .kernel
        .edit(|state| state.tables.insert(SECOND, image(&empty())));
    running.kernel.edit(|state| state.tables.remove(&TABLE));
    running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
    assert_eq!(running.settled().await.repairs(), 1);
    assert_eq!(running.kernel.table(SECOND), Some(image(&empty())));
}
