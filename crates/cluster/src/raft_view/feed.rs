//! Which Raft the view looks at: the one that runs now, as it is replaced by others.

use openraft::Raft;
use openraft::metrics::{RaftDataMetrics, RaftMetrics, RaftServerMetrics};
use openraft::type_config::alias::WatchReceiverOf;
use raft_store::{StateMachine, TypeConfig};
use tokio::sync::watch;

/// Tells a view which Raft to look at.
pub(crate) struct ViewFeed(watch::Sender<Option<Receivers>>);

/// The receivers of one Raft.
#[derive(Clone)]
pub(crate) struct Receivers {
    pub(super) metrics: WatchReceiverOf<TypeConfig, RaftMetrics<TypeConfig>>,
    pub(super) data: WatchReceiverOf<TypeConfig, RaftDataMetrics<TypeConfig>>,
    pub(super) server: WatchReceiverOf<TypeConfig, RaftServerMetrics<TypeConfig>>,
}

impl ViewFeed {
    pub(super) fn new() -> (Self, watch::Receiver<Option<Receivers>>) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), receiver)
    }

    /// From now on it is this one.
    pub(crate) fn follow(&self, raft: &Raft<TypeConfig, StateMachine>) {
        self.push(Receivers {
            metrics: raft.metrics(),
            data: raft.data_metrics(),
            server: raft.server_metrics(),
        });
    }

    pub(super) fn push(&self, receivers: Receivers) {
        self.0.send_replace(Some(receivers));
    }
}

impl Receivers {
    pub(super) fn metrics(&self) -> WatchReceiverOf<TypeConfig, RaftMetrics<TypeConfig>> {
        self.metrics.clone()
    }

    pub(super) fn data(&self) -> WatchReceiverOf<TypeConfig, RaftDataMetrics<TypeConfig>> {
        self.data.clone()
    }
}
