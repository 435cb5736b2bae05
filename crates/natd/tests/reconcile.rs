//! The reconciler against a kernel in memory: what is applied, repaired, counted and left alone.

mod common;

use common::{empty, forward, node, usual, without_uplink};
use ipam::{NatView, Protocol};
use natd::flows::{Flow, Way};
use natd::image::{ChainImage, TableImage};
use natd::kernel::fake::{FakeKernel, FakeState, PREDECESSOR};
use natd::ruleset::TABLE;
use natd::{Intent, NatStatus, NodeContext, Reconciler, Standing, Vacated, plan};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

const LIMIT: Duration = Duration::from_secs(120);

struct Running {
    kernel: FakeKernel,
    views: watch::Sender<Arc<Intent>>,
    vacated: Vacated,
    status: watch::Receiver<NatStatus>,
}

impl Running {
    fn start(kernel: FakeKernel, intent: impl Into<Intent>) -> Self {
        Self::start_on(kernel, intent.into(), node())
    }

    fn start_on(kernel: FakeKernel, intent: Intent, node: NodeContext) -> Self {
        let (views, seen_views) = watch::channel(Arc::new(intent));
        let (publish, status) = watch::channel(NatStatus::default());
        // A node whose facts never change.
        let (_, nodes) = watch::channel(Arc::new(node));
        let vacated = Vacated::default();
        let reconciler = Reconciler::new(kernel.clone(), kernel.events(), nodes, vacated.clone());
        tokio::spawn(reconciler.run(seen_views, publish));
        Self {
            kernel,
            views,
            vacated,
            status,
        }
    }

    async fn in_sync(view: NatView) -> Self {
        let mut running = Self::start(FakeKernel::new(), view);
        running.until("in sync", |status| status.in_sync).await;
        running
    }

    async fn until(&mut self, what: &str, condition: impl FnMut(&NatStatus) -> bool) -> NatStatus {
        if let Ok(status) = timeout(LIMIT, self.status.wait_for(condition)).await {
            return status.expect("the reconciler runs").clone();
        }
        panic!("never: {what}; {:?}", *self.status.borrow());
    }

    /// Nothing happens any more, however long we wait.
    async fn settled(&mut self) -> NatStatus {
        let before = self.kernel.state().transactions;
        tokio::time::sleep(LIMIT).await;
        assert_eq!(self.kernel.state().transactions, before);
        self.status.borrow().clone()
    }

    fn table(&self) -> Option<TableImage> {
        self.kernel.state().tables.get(TABLE).cloned()
    }
}

fn lan(state: &mut FakeState) -> &mut ChainImage {
    let mut chains = state.ours().chains.iter_mut();
    chains.find(|chain| chain.name == "lan").expect("the chain")
}

fn image(view: &NatView) -> TableImage {
    plan(view, &node()).expect("a plan").ruleset.image()
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_applied_once() {
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
async fn what_is_already_right_is_not_written() {
    let kernel = FakeKernel::new();
    kernel.edit(|state| {
        state.tables.insert(TABLE.to_owned(), image(&usual()));
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
async fn a_foreign_flush_is_repaired_and_counted() {
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
async fn foreign_edits_are_repaired_with_the_least_change() {
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
async fn our_own_changes_are_no_repairs() {
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
async fn a_foreign_change_behind_an_update_is_both() {
    let mut running = Running::in_sync(usual()).await;
    running.kernel.edit_silently(|state| state.tables.clear());
    running.views.send_replace(Arc::new(empty().into()));
    let status = running
        .until("the update", |status| status.applied_generation == 2)
        .await;
    assert_eq!((status.updates, status.table_repairs), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_event_is_made_up_for_by_the_resync() {
    let mut running = Running::in_sync(usual()).await;
    // Whatever our own transaction announced has been looked at by then.
    running.settled().await;
    running.kernel.edit_silently(|state| state.tables.clear());
    running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
}

#[tokio::test(start_paused = true)]
async fn forwarding_is_repaired_and_counted() {
    let mut running = Running::in_sync(usual()).await;
    running.kernel.edit(|state| state.forwarding = false);
    let status = running
        .until("a repair", |status| status.forwarding_repairs == 1)
        .await;
    assert!(running.kernel.state().forwarding);
    assert_eq!((status.table_repairs, status.repairs()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn forwarding_is_left_alone_when_nothing_needs_it() {
    let mut running = Running::in_sync(empty()).await;
    assert!(running.settled().await.last_error.is_none() && !running.kernel.state().forwarding);
    running.kernel.edit(|state| state.forwarding = true);
    running.settled().await;
    assert!(running.kernel.state().forwarding, "others may need it");
}

#[tokio::test(start_paused = true)]
async fn others_tables_are_untouched() {
    let kernel = FakeKernel::new();
    kernel.edit(|state| state.tables.insert("docker".to_owned(), image(&empty())));
    let mut running = Running::start(kernel, usual());
    running.until("in sync", |status| status.in_sync).await;
    running.kernel.edit(|state| state.tables.remove(TABLE));
    running
        .until("a repair", |status| status.table_repairs == 1)
        .await;
    running
        .kernel
        .edit(|state| state.tables.insert("kube".to_owned(), image(&usual())));
    let status = running.settled().await;
    let state = running.kernel.state();
    assert_eq!(state.tables.get("docker"), Some(&image(&empty())));
    assert_eq!((state.tables.len(), status.repairs()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_reported_and_tried_again() {
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
async fn an_element_update_that_fails_becomes_a_replacement() {
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
async fn an_impossible_view_leaves_the_last_good_one() {
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
async fn a_fight_is_slowed_down() {
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

fn behind(view: NatView) -> Intent {
    Intent {
        view,
        standing: Standing::Behind,
    }
}

fn public_ports(running: &Running) -> Vec<u16> {
    let table = running.table().expect("the table");
    table.targets().into_keys().map(|(_, port)| port).collect()
}

/// A kernel that a former life left with these rules.
fn left_by_a_former_life(view: &NatView) -> FakeKernel {
    let kernel = FakeKernel::new();
    kernel.edit(|state| {
        state.tables.insert(TABLE.to_owned(), image(view));
        state.forwarding = true;
    });
    kernel
}

/// After a power cut of all, the node that boots alone opened a forward that was removed.
#[tokio::test(start_paused = true)]
async fn node_that_is_not_level_opens_no_forward() {
    let mut running = Running::start(FakeKernel::new(), behind(usual()));
    running
        .until("the first table", |status| status.updates == 1)
        .await;
    let status = running.settled().await;
    assert_eq!(public_ports(&running), [0; 0]);
    assert!(!status.in_sync && status.problems[0].contains("opens no forward"));
    running.views.send_replace(Arc::new(usual().into()));
    let status = running.until("in sync", |status| status.in_sync).await;
    assert_eq!(public_ports(&running), [80, 2222, 53]);
    assert!(status.problems.is_empty(), "{:?}", status.problems);
}

#[tokio::test(start_paused = true)]
async fn rules_of_a_former_life_stay_until_the_node_is_level() {
    let mut newer = usual();
    newer.forwards.push(forward(Protocol::Tcp, 9, 30, 9));
    let kernel = left_by_a_former_life(&newer);
    let mut older = usual();
    older.forwards.push(forward(Protocol::Tcp, 10, 30, 10));
    let mut running = Running::start(kernel, behind(older.clone()));
    running
        .until("a table", |status| status.applied_generation == 1)
        .await;
    assert_eq!(public_ports(&running), [9, 80, 2222, 53]);
    older.forwards.remove(0);
    running.views.send_replace(Arc::new(behind(older)));
    running
        .until("the withdrawal", |status| status.applied_generation == 2)
        .await;
    assert_eq!(public_ports(&running), [9, 2222, 53], "80 is withdrawn");
    running.views.send_replace(Arc::new(usual().into()));
    running.until("in sync", |status| status.in_sync).await;
    assert_eq!(public_ports(&running), [80, 2222, 53]);
}

/// Forward tcp 8080, restart without GATEWAY_UPLINK_INTERFACE: the port stayed open.
#[tokio::test(start_paused = true)]
async fn node_without_an_uplink_closes_what_was_open() {
    let kernel = left_by_a_former_life(&usual());
    kernel.edit(|state| state.flows = vec![flow("203.0.113.1:80", "10.15.3.20:8080")]);
    let mut running = Running::start_on(kernel, behind(usual()), without_uplink());
    let status = running.until("in sync", |status| status.in_sync).await;
    assert!(status.no_uplink);
    assert_eq!(public_ports(&running), [0; 0]);
    assert!(running.kernel.state().flows.is_empty());
}

#[tokio::test(start_paused = true)]
async fn table_of_an_older_build_is_removed() {
    let kernel = FakeKernel::new();
    kernel.edit(|state| {
        let old = image(&usual());
        state.tables.insert(PREDECESSOR.to_owned(), old)
    });
    let mut running = Running::start(kernel, usual());
    running.until("in sync", |status| status.in_sync).await;
    let state = running.kernel.state();
    assert_eq!(state.tables.keys().collect::<Vec<_>>(), [TABLE]);
}

fn flow(public: &str, target: &str) -> Flow {
    let end = |text: &str| text.parse().expect("an address and a port");
    Flow {
        protocol: 6,
        original: Way {
            from: end("198.51.100.9:40000"),
            to: end(public),
        },
        reply: Way {
            from: end(target),
            to: end("10.15.3.10:40000"),
        },
        destination_translated: true,
    }
}

#[tokio::test(start_paused = true)]
async fn flows_of_what_is_withdrawn_end_and_others_stay() {
    let mut running = Running::in_sync(usual()).await;
    let (gone, stays) = (
        flow("203.0.113.1:80", "10.15.3.20:8080"),
        flow("203.0.113.1:2222", "10.15.3.21:22"),
    );
    running
        .kernel
        .edit_silently(|state| state.flows = vec![gone, stays]);
    let mut next = usual();
    next.forwards.remove(0);
    running.views.send_replace(Arc::new(next.into()));
    running
        .until("the view", |status| status.applied_generation == 2)
        .await;
    assert_eq!(running.kernel.state().flows, [stays]);
}

/// No new tenant inherits a flow, not even one that a forward makes to its address.
#[tokio::test(start_paused = true)]
async fn flows_of_a_vacated_address_end() {
    let running = Running::in_sync(usual()).await;
    let (gone, stays) = (
        flow("203.0.113.1:80", "10.15.3.20:8080"),
        flow("203.0.113.1:2222", "10.15.3.21:22"),
    );
    running
        .kernel
        .edit_silently(|state| state.flows = vec![gone, stays]);
    running
        .vacated
        .add([std::net::Ipv4Addr::new(10, 15, 3, 20)]);
    let ended = async {
        while running.kernel.state().flows != [stays] {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(1), ended)
        .await
        .expect("within a second");
}

#[tokio::test(start_paused = true)]
async fn host_is_guarded_even_where_the_first_intent_has_no_plan() {
    let mut impossible = usual();
    impossible.forwards.push(impossible.forwards[0]);
    let mut running = Running::start(FakeKernel::new(), impossible);
    let status = running.until("a table", |status| status.updates == 1).await;
    assert!(status.plan_error.is_some() && public_ports(&running).is_empty());
}
