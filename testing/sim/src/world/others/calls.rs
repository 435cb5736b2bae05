//! Calls from one cluster to the other: what members alone may ask is refused (S12).

use crate::client::TrueTime;
use crate::network::{CallId, Host};
use crate::others::{are_of_one_cluster, node_on};
use crate::stats::Rare;
use crate::world::World;
use std::collections::BTreeMap;

/// What members alone may ask, by method.
const MEMBERS_ALONE: [&str; 8] = [
    "Append",
    "Vote",
    "PreVote",
    "InstallSnapshot",
    "TransferLeader",
    "Propose",
    "ChangeMember",
    "Explain",
];
/// An answer of gRPC's that says something has at least a message's head; a refusal has no body.
const LEAST: usize = 5;

/// The calls that are under way: who calls whom, and which of [`MEMBERS_ALONE`].
#[derive(Default)]
pub(in crate::world) struct Calls(BTreeMap<CallId, (Host, Host, &'static str)>);

impl World {
    /// A call arrives.
    pub(in crate::world) fn note_call(&mut self, call: CallId, from: Host, to: Host, method: &str) {
        let Some(others) = self.others.as_mut() else {
            return;
        };
        let method = MEMBERS_ALONE.iter().find(|other| **other == method);
        if let Some(method) = method.filter(|_| !are_of_one_cluster(from, to)) {
            others.calls.0.insert(call, (from, to, method));
        }
    }

    /// Its answer does.
    pub(in crate::world) fn judge_answer(&mut self, call: CallId, result: Result<usize, &str>) {
        let noted = self.others.as_mut().map(|others| &mut others.calls);
        let noted = noted.and_then(|calls| calls.0.remove(&call));
        let (Some((from, to, method)), Ok(length)) = (noted, result) else {
            return;
        };
        if length < LEAST {
            self.stats.rare(Rare::CalledOtherCluster, 1);
            return;
        }
        let at = TrueTime(self.now);
        let judge = &mut self.observer.judge;
        judge.crossed(at, node_on(to), node_on(from), method);
    }
}
