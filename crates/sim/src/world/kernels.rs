//! The hosts' kernels, after every step: which forwards are open (S9).

use super::arena::World;
use crate::check::Opened;
use crate::client::TrueTime;
use crate::network::Host;
use cluster::Cluster;
use ipam::{NodeId, State};
use natd::NodeContext;
use natd::image::TableImage;
use natd::ruleset::{TABLE, Targets};
use std::collections::BTreeMap;

/// What a kernel was at, at the last look: its life, its transactions, and what its node had applied.
type Mark = (u64, u64, Option<u64>);

/// What was seen last.
#[derive(Default)]
pub(super) struct Kernels(BTreeMap<Host, Mark>);

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
            let mark = (node.lives(), node.kernel().transactions(), applied);
            if self.kernels.0.insert(host, mark) == Some(mark) && !all {
                continue;
            }
            let context = &node.boot.nat;
            let judge = &mut self.observer.judge;
            let (newest_index, newest) = judge.newest(|state| targets_of(state, context));
            let table = node.kernel().table(TABLE);
            judge.kernel(&Opened {
                at: TrueTime(self.now),
                node: NodeId(host),
                life: node.lives(),
                applied,
                serves: node
                    .look(Cluster::service)
                    .is_some_and(|now| now.in_service()),
                open: table.as_ref().map(TableImage::targets).unwrap_or_default(),
                own: cluster.read(|state| targets_of(state, context)),
                newest,
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
