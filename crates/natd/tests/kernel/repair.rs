//! The reconciler against the real kernel and real foreign changes.

use crate::Test;
use crate::common::{forward, node, usual};
use crate::sandbox::{list, nft};
use ipam::Protocol;
use natd::{Intent, NatStatus, NetlinkEvents, NftKernel, Reconciler, Vacated};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::timeout;

pub const TESTS: [Test; 6] = [
    ("a_flush_is_repaired", || {
        with_reconciler(a_flush_is_repaired)
    }),
    ("an_edit_is_repaired", || {
        with_reconciler(an_edit_is_repaired)
    }),
    ("an_own_update_is_no_repair", || {
        with_reconciler(an_own_update_is_no_repair)
    }),
    ("forwarding_is_repaired", || {
        with_reconciler(forwarding_is_repaired)
    }),
    ("a_fight_is_slowed_down", || {
        with_reconciler(a_fight_is_slowed_down)
    }),
    ("rules_stay_on_exit", || with_reconciler(rules_stay_on_exit)),
];

const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";
/// Far more than any of this takes; only a hang gets here.
const LIMIT: Duration = Duration::from_secs(20);

/// A running reconciler.
struct Running {
    views: watch::Sender<Arc<Intent>>,
    status: watch::Receiver<NatStatus>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start() -> Self {
        fs::write(IP_FORWARD, "0").expect("forwarding can be switched off");
        let kernel = NftKernel::open().expect("a netlink socket");
        let events = NetlinkEvents::open().expect("subscriptions");
        let (views, seen_views) = watch::channel(Arc::new(usual().into()));
        let (_, nodes) = watch::channel(Arc::new(node()));
        let (publish, status) = watch::channel(NatStatus::default());
        // No periodic look can help within the limit.
        let reconciler = Reconciler::new(kernel, events, nodes, Vacated::default())
            .with_resync(Duration::from_secs(3600));
        Self {
            views,
            status,
            task: tokio::spawn(reconciler.run(seen_views, publish)),
        }
    }

    async fn until(&mut self, what: &str, condition: impl FnMut(&NatStatus) -> bool) -> NatStatus {
        if let Ok(status) = timeout(LIMIT, self.status.wait_for(condition)).await {
            return status.expect("the reconciler runs").clone();
        }
        panic!("not within {LIMIT:?}: {what}; {:?}", *self.status.borrow());
    }
}

fn with_reconciler<F: Future<Output = ()>>(test: fn(Running) -> F) {
    // The runtime's threads are children of this one, so they are in its network namespace.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut running = Running::start();
        let first = running
            .until("the first table", |status| status.in_sync)
            .await;
        assert_eq!(
            (first.updates, first.repairs(), first.last_error.as_deref()),
            (1, 0, None)
        );
        test(running).await;
    });
}

async fn a_flush_is_repaired(mut running: Running) {
    nft("add table inet bystander");
    let before = list();
    for round in 1..=5 {
        nft("flush ruleset");
        let start = Instant::now();
        let status = running
            .until("the repair", |status| status.table_repairs == round)
            .await;
        let (waited, took) = (start.elapsed(), status.last_repair.expect("a repair"));
        println!(
            "  flush {round}: repaired {waited:?} after nft had ended; the pass took {took:?}"
        );
        assert_eq!(
            status.last_repair_reason.as_deref(),
            Some("the table is not there")
        );
        assert_eq!(list(), before);
    }
    assert_eq!(running.status.borrow().updates, 1);
}

async fn an_edit_is_repaired(mut running: Running) {
    let before = list();
    nft(
        "insert rule inet gatewayd lan accept; add element inet gatewayd tcp_forwards { 443 : 10.15.3.66 . 443 }",
    );
    let status = running
        .until("the repair", |status| status.table_repairs == 1)
        .await;
    println!(
        "  edit: {:?}, {:?}",
        status.last_repair_reason, status.last_repair
    );
    assert_eq!(list(), before);
    nft("delete element inet gatewayd tcp_forwards { 80 }");
    let status = running
        .until("the repair", |status| status.table_repairs == 2)
        .await;
    println!(
        "  element: {:?}, {:?}",
        status.last_repair_reason, status.last_repair
    );
    assert_eq!(list(), before);
}

async fn an_own_update_is_no_repair(mut running: Running) {
    for port in 100..120 {
        running.views.send_modify(|view| {
            let mut next = Intent::clone(view);
            next.view
                .forwards
                .push(forward(Protocol::Tcp, port, 40, port));
            *view = Arc::new(next);
        });
        let generation = u64::from(port - 98);
        running
            .until("the update", |status| {
                status.applied_generation == generation
            })
            .await;
    }
    // The events of our own transactions are all in the queue before this one.
    nft("add table inet last; insert rule inet gatewayd lan drop");
    let status = running
        .until("the repair", |status| status.repairs() > 0)
        .await;
    assert_eq!((status.updates, status.repairs()), (21, 1));
    assert!(list().contains("119 : 10.15.3.40 . 119"));
}

async fn forwarding_is_repaired(mut running: Running) {
    assert_eq!(
        fs::read_to_string(IP_FORWARD).expect("readable").trim(),
        "1"
    );
    fs::write(IP_FORWARD, "0").expect("forwarding can be switched off");
    let status = running
        .until("the repair", |status| status.forwarding_repairs == 1)
        .await;
    println!("  ip_forward: {:?}", status.last_repair);
    assert_eq!(
        fs::read_to_string(IP_FORWARD).expect("readable").trim(),
        "1"
    );
    assert_eq!((status.table_repairs, status.updates), (0, 1));
}

async fn a_fight_is_slowed_down(mut running: Running) {
    let start = Instant::now();
    let mut flushes = 0;
    while start.elapsed() < Duration::from_secs(2) {
        let repairs = running.status.borrow().repairs();
        nft("flush ruleset");
        flushes += 1;
        running
            .until("the repair", |status| status.repairs() > repairs)
            .await;
    }
    println!(
        "  {flushes} flushes, each repaired, in {:?}",
        start.elapsed()
    );
    assert!(flushes < 30, "{flushes} repairs in 2 s are no backing off");
}

async fn rules_stay_on_exit(running: Running) {
    let before = list();
    drop(running.views);
    timeout(LIMIT, running.task)
        .await
        .expect("it ends with its views")
        .expect("it does not panic");
    assert_eq!(list(), before);
}
