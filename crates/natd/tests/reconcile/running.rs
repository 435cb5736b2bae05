//! A running reconciler, and what the tests ask of it.

use crate::common::node;
use ipam::NatView;
use natd::image::TableImage;
use natd::kernel::fake::FakeKernel;
use natd::ruleset::TABLE;
use natd::{Intent, NatStatus, NodeContext, Reconciler, Vacated, plan};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Far more than any of this takes.
const LIMIT: Duration = Duration::from_secs(120);

/// A reconciler on a kernel in memory.
pub struct Running {
    pub kernel: FakeKernel,
    pub views: watch::Sender<Arc<Intent>>,
    pub vacated: Vacated,
    pub status: watch::Receiver<NatStatus>,
}

impl Running {
    pub fn start(kernel: FakeKernel, intent: impl Into<Intent>) -> Self {
        Self::start_on(kernel, intent.into(), node())
    }

    pub fn start_on(kernel: FakeKernel, intent: Intent, node: NodeContext) -> Self {
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

    pub async fn in_sync(view: NatView) -> Self {
        let mut running = Self::start(FakeKernel::new(), view);
        running.until("in sync", |status| status.in_sync).await;
        running
    }

    pub async fn until(
        &mut self,
        what: &str,
        condition: impl FnMut(&NatStatus) -> bool,
    ) -> NatStatus {
        if let Ok(status) = timeout(LIMIT, self.status.wait_for(condition)).await {
            return status.expect("the reconciler runs").clone();
        }
        panic!("never: {what}; {:?}", *self.status.borrow());
    }

    /// Nothing happens any more, however long we wait.
    pub async fn settled(&mut self) -> NatStatus {
        let before = self.kernel.state().transactions;
        tokio::time::sleep(LIMIT).await;
        assert_eq!(self.kernel.state().transactions, before);
        self.status.borrow().clone()
    }

    pub fn table(&self) -> Option<TableImage> {
        self.kernel.table(TABLE)
    }

    /// The public ports that the kernel forwards.
    pub fn public_ports(&self) -> Vec<u16> {
        let table = self.table().expect("the table");
        table.targets().into_keys().map(|(_, port)| port).collect()
    }
}

pub fn image(view: &NatView) -> TableImage {
    plan(view, &node()).expect("a plan").ruleset.image()
}
