//! The hosts' kernels, after every step: which forwards are open (S9).

use super::arena::World;
use crate::check::Opened;
use crate::client::TrueTime;
use crate::network::Host;
use cluster::{Cluster, ReplicaStatus};
use ipam::{NodeId, State};
use natd::NodeContext;
use natd::image::TableImage;
use natd::ruleset::{TABLE, Targets};
use std::collections::BTreeMap;

/// What a kernel was at, at the last look: its life, its changes, and what its node had applied.
type Mark = (u64, u64, Option<u64>);

/// What was seen last.
#[derive(Default)]
pub(super) struct Kernels(BTreeMap<Host, Look>);

/// One look at a host. A plan costs so much that none is made twice.
#[derive(Clone, Default)]
struct Look {
    mark: Option<Mark>,
    /// Up to which entry any node's newest state was.
    newest_index: u64,
    open: Targets,
    own: Targets,
    newest: Targets,
}

impl World {
    /// Looks at the kernels that changed, or whose node did; at all of them if `all`.
    pub(super) fn look_at_kernels(&mut self, all: bool) {
        for host in self.scenario.hosts() {
            let Some(node) = self.nodes.get(&host).filter(|node| !node.is_paused()) else {
                continue;
            };
            let Some(cluster) = node.cluster() else {
                continue;
            };
            let position = cluster.watch_applied().borrow().position;
            let applied = position.map(|position| position.index);
            let mark = (node.lives(), node.kernel().changes(), applied);
            let look = self.kernels.0.entry(host).or_default();
            if look.mark == Some(mark) && !all {
                continue;
            }
            let context = &node.boot.nat;
            let judge = &mut self.observer.judge;
            if look.mark != Some(mark) {
                let table = node.kernel().table(TABLE);
                look.open = table.as_ref().map(TableImage::targets).unwrap_or_default();
                look.own = cluster.read(|state| targets_of(state, context));
            }
            let (newest_index, ()) = judge.newest(|_| ());
            if look.mark.is_none() || look.newest_index != newest_index {
                look.newest = judge.newest(|state| targets_of(state, context)).1;
            }
            look.mark = Some(mark);
            look.newest_index = newest_index;
            judge.kernel(&Opened {
                at: TrueTime(self.now),
                node: NodeId(host),
                life: node.lives(),
                applied,
                serves: node
                    .look(Cluster::service)
                    .is_some_and(|now| now.in_service())
                    && *cluster.watch_replica_status().borrow() == ReplicaStatus::CaughtUp,
                open: look.open.clone(),
                own: look.own.clone(),
                newest: look.newest.clone(),
                newest_index,
            });
        }
    }
}

/// Where the forwards of this state lead.
fn targets_of(state: &State, context: &NodeContext) -> Targets {
    natd::plan(&state.nat_view(), context)
        .map(|plan| plan.ruleset.targets())
        .unwrap_or_default()
}
