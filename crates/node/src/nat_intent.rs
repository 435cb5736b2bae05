//! natd's input: the NAT part of the replicated state, how far this node may trust its copy of it, and
//! which addresses lose their tenant, as they change.

mod tenants;

use cluster::Cluster;
use ipam::State;
use natd::{Intent, ReplicaStatus, Vacated};
use std::future::Future;
use std::sync::Arc;
use tenants::Tenants;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{broadcast, watch};

/// By so many entries at once the state moves only when a snapshot takes its place, or when the events of
/// some were lost anyway.
const SNAPSHOT_JUMP: u64 = 1000;

/// What natd follows.
pub struct NatInput {
    /// The intent.
    pub intents: watch::Receiver<Arc<Intent>>,
    /// The addresses that lose their tenant.
    pub vacated: Vacated,
}

/// The input as it is now, and the future that keeps it at the state until the node stops. An applied
/// entry that changes no view wakes nobody.
pub fn follow_nat_intent(
    cluster: Cluster,
) -> (NatInput, impl Future<Output = ()> + Send + 'static) {
    // Before the first look: what is applied in between is seen.
    let mut applied = cluster.watch_applied();
    let mut replica_status = cluster.watch_replica_status();
    let mut events = cluster.events();
    let mut tenants = cluster.read(Tenants::of);
    let (intents, receiver) = watch::channel(Arc::new(intent_of(&cluster)));
    let vacated = Vacated::default();
    let input = NatInput {
        intents: receiver,
        vacated: vacated.clone(),
    };
    let follow = async move {
        let mut seen = index(&applied);
        loop {
            // Tenants first: once the rules lead to the new one, the old one's flows are to be gone.
            let now = index(&applied);
            let jumped = now.saturating_sub(seen) > SNAPSHOT_JUMP;
            seen = now;
            vacated.add(changed_tenants(&mut tenants, &mut events, jumped, &cluster));
            let intent = intent_of(&cluster);
            intents.send_if_modified(|current| {
                let changed = **current != intent;
                if changed {
                    *current = Arc::new(intent);
                }
                changed
            });
            tokio::select! {
                changed = applied.changed() => if changed.is_err() { return },
                changed = replica_status.changed() => if changed.is_err() { return },
                event = events.recv() => match event {
                    Ok(committed) => vacated.add(tenants.after(&committed.events)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        vacated.add(cluster.read(|state| tenants.compare(state)));
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                },
            }
        }
    };
    (input, follow)
}

fn index(applied: &watch::Receiver<cluster::AppliedMark>) -> u64 {
    applied
        .borrow()
        .position
        .map_or(0, |position| position.index)
}

/// What the events that wait say, or a look at the whole where they may not say all.
fn changed_tenants(
    tenants: &mut Tenants,
    events: &mut broadcast::Receiver<cluster::Committed>,
    jumped: bool,
    cluster: &Cluster,
) -> Vec<std::net::Ipv4Addr> {
    let mut vacated = Vec::new();
    let mut lost = jumped;
    loop {
        match events.try_recv() {
            Ok(committed) => vacated.extend(tenants.after(&committed.events)),
            Err(TryRecvError::Lagged(_)) => lost = true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    if lost {
        vacated.extend(cluster.read(|state| tenants.compare(state)));
    }
    vacated
}

fn intent_of(cluster: &Cluster) -> Intent {
    let replica = match *cluster.watch_replica_status().borrow() {
        cluster::ReplicaStatus::CatchingUp => ReplicaStatus::CatchingUp,
        cluster::ReplicaStatus::CaughtUp => ReplicaStatus::CaughtUp,
        cluster::ReplicaStatus::Removed => ReplicaStatus::Removed,
    };
    Intent {
        view: cluster.read(State::nat_view),
        replica,
    }
}
