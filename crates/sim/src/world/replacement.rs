//! A change of members: a node is removed, its machine comes back with an empty disk, and it is added
//! again. An operator asks for each step at whoever leads, until it is done.

use super::arena::{World, name, new_disk};
use crate::disk::Crash;
use crate::network::Host;
use crate::scenario::peer_address;
use crate::stats::Rare;
use anyhow::Result;
use cluster::{Cluster, MembershipError, Start};
use ipam::NodeId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the operator waits before asking again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How long the operator waits for an answer: it may be lost with its node.
const NO_ANSWER: Duration = Duration::from_secs(30);

/// A node on its way out and in again.
pub(super) struct Replacement {
    host: Host,
    stage: Stage,
    /// When to ask, next.
    next: Duration,
    asked: Option<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Removing,
    Adding,
}

/// `None` until there is an answer; then whether it is done.
type Answer = Arc<Mutex<Option<bool>>>;

impl World {
    pub(super) fn begin_replacement(&mut self, host: Host) {
        // One at a time; and the leader does not remove itself.
        let host = if self.observer.leader == Some(host) {
            host % self.scenario.nodes + 1
        } else {
            host
        };
        if self.faults.replacement.is_none() {
            self.faults.replacement = Some(Replacement {
                host,
                stage: Stage::Removing,
                next: self.now,
                asked: None,
            });
        }
    }

    /// Whether a node is on its way out or in.
    pub(super) const fn is_replacing(&self) -> bool {
        self.faults.replacement.is_some()
    }

    /// Takes the next step of a replacement, if one is due.
    pub(super) fn replace_further(&mut self) -> Result<()> {
        let Some(mut replacement) = self.faults.replacement.take() else {
            return Ok(());
        };
        let answered = replacement.asked.as_ref().and_then(answer_of);
        match answered {
            Some(true) => {
                replacement.asked = None;
                replacement.next = self.now;
                match replacement.stage {
                    Stage::Removing => {
                        self.empty_machine(replacement.host)?;
                        replacement.stage = Stage::Adding;
                    }
                    Stage::Adding => {
                        self.trace
                            .note(name(replacement.host), format_args!("is a member again"));
                        self.stats.rare(Rare::Replaced, 1);
                        return Ok(());
                    }
                }
            }
            Some(false) => {
                replacement.asked = None;
                replacement.next = self.now + ASK_AGAIN;
            }
            None => {}
        }
        if self.now >= replacement.next {
            self.ask_leader(&mut replacement);
        }
        self.faults.replacement = Some(replacement);
        Ok(())
    }

    /// The machine comes back without its data.
    fn empty_machine(&mut self, host: Host) -> Result<()> {
        self.crash(host, Crash::Process);
        let seed = self.random.u64(..);
        if let Some(node) = self.nodes.get_mut(&host) {
            self.stats.disk(&node.disk.counters());
            node.disk = new_disk(seed);
            node.boot.start = Start::Wait;
        }
        self.trace
            .note(name(host), format_args!("is removed; its disk is emptied"));
        self.start_node(host)
    }

    fn ask_leader(&mut self, replacement: &mut Replacement) {
        replacement.next = self.now + ASK_AGAIN;
        let leader = self
            .observer
            .leader
            .and_then(|leader| self.nodes.get(&leader));
        let Some(leader) = leader.filter(|leader| leader.host != replacement.host) else {
            return;
        };
        replacement.next = self.now + NO_ANSWER;
        let answer = Answer::default();
        replacement.asked = Some(Arc::clone(&answer));
        let (host, stage) = (replacement.host, replacement.stage);
        let trace = self.trace.clone();
        leader.spawn(|cluster| {
            Box::pin(async move {
                let result = ask(&cluster, host, stage).await;
                trace.note(name(host), format_args!("{stage:?}: {result:?}"));
                let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
                *answer = Some(result.is_ok());
            })
        });
    }
}

fn answer_of(answer: &Answer) -> Option<bool> {
    *answer.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn ask(cluster: &Cluster, host: Host, stage: Stage) -> Result<(), MembershipError> {
    let node = NodeId(host);
    match stage {
        Stage::Adding => cluster.add_node(node, &peer_address(host)).await,
        Stage::Removing => match cluster.remove_node(node).await {
            // An earlier attempt got through, and its answer was lost. That the cluster knows
            // nothing of the node is committed.
            Err(MembershipError::Rejected(reason)) if reason.contains("is not a member") => Ok(()),
            removed => removed,
        },
    }
}
