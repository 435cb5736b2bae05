//! natd's input: the NAT part of the replicated state, as it changes.

use cluster::Cluster;
use ipam::NatView;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;

/// The view as it is now, and the future that keeps it at the state until the node stops. An applied
/// entry that changes no view wakes nobody.
pub fn follow_nat_intent(
    cluster: Cluster,
) -> (
    watch::Receiver<Arc<NatView>>,
    impl Future<Output = ()> + Send + 'static,
) {
    // Before the first look: what is applied in between is seen.
    let mut applied = cluster.watch_applied();
    let (views, receiver) = watch::channel(Arc::new(view_of(&cluster)));
    let follow = async move {
        while applied.changed().await.is_ok() {
            let view = view_of(&cluster);
            views.send_if_modified(|current| {
                let changed = **current != view;
                if changed {
                    *current = Arc::new(view);
                }
                changed
            });
        }
    };
    (receiver, follow)
}

fn view_of(cluster: &Cluster) -> NatView {
    cluster.read(ipam::State::nat_view)
}
