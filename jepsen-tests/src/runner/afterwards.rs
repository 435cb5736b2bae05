//! After the trouble: healing is waited for, the clients settle, the nodes are asked what they have.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jepsen_tests::history::{Entry, Failure, FailureKind, Function, Kind, Recorder, Value};
use lab::Lab;
use lab::gateway::{Control, Status};
use lab::life::Mood;
use serde::Serialize;

use super::keeper::Keeper;
use super::phases::HOSTS;
use super::{rulesets, watcher};
use crate::names;
use crate::workload::clients::Numbers;

/// How long the cluster may take from the last healing to all nodes in service.
const RECOVERY: Duration = Duration::from_secs(45);
/// Clients go on with their deeds for half as long as the trouble lasted, but not longer than this: the
/// checkers of what must work without faults need such a time. After a short run they get none.
const LONGEST_CALM: Duration = Duration::from_secs(30);
const SHORTEST_CALM: Duration = Duration::from_secs(15);
/// Then they only keep what they have: whoever wants an address can have one, and a renewal falls into it.
const QUIET: Duration = Duration::from_secs(12);
/// How long the nodes may take to stand at one log index with nobody asking for anything. Leases still
/// run out meanwhile, and each that does is an entry. If they do not, nobody can tell whether S2 was kept.
const LEVEL: Duration = Duration::from_secs(45);
/// How long the clients have to ask one node: as long as a cluster may take to serve again.
const CONFIRM: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(200);

/// How the cluster came back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recovery {
    /// Seconds from the last healing to all nodes in service; none if that did not come.
    pub seconds: Option<f64>,
    /// What stood in the way.
    pub obstacle: Option<String>,
}

/// Waiting until every node answers clients and knows the others as voters.
#[derive(Debug)]
pub struct Patience {
    healed: Instant,
}

impl Patience {
    /// All is healed now.
    pub fn begin() -> Self {
        Self {
            healed: Instant::now(),
        }
    }

    /// Looks at the nodes; the end of the waiting, if this is it. Takes a moment.
    pub fn look(&mut self, lab: &mut Lab) -> Option<Recovery> {
        let obstacle = obstacle(lab);
        let elapsed = self.healed.elapsed();
        if obstacle.is_none() || elapsed > RECOVERY {
            return Some(Recovery {
                seconds: obstacle.is_none().then_some(elapsed.as_secs_f64()),
                obstacle,
            });
        }
        thread::sleep(POLL);
        None
    }
}

/// The first node that is not in full service, and why.
fn obstacle(lab: &mut Lab) -> Option<String> {
    let count = lab.gateways().len();
    lab.gateways().iter().find_map(|gateway| {
        let node = gateway.node();
        let status = match watcher::status(&gateway.control()) {
            Ok(status) => status,
            Err(error) => return Some(format!("node {node} does not answer: {error:#}")),
        };
        if let Some(reason) = status.not_serving_reason {
            return Some(format!("node {node} is silent: {reason}"));
        }
        let voters = voters(&status).len();
        (voters != count).then(|| format!("node {node} knows {voters} voters of {count}"))
    })
}

/// How long clients go on after `trouble` with nothing wrong.
pub fn calm_after(trouble: Duration) -> Duration {
    match (trouble / 2).min(LONGEST_CALM) {
        short if short < SHORTEST_CALM => Duration::ZERO,
        calm => calm,
    }
}

/// The quiet phase.
pub fn quiet(lab: &mut Lab, keeper: &mut Keeper, started: Instant) -> Result<()> {
    pass(QUIET, lab, keeper, started)
}

/// Every client that holds an address reboots and asks for it, of one node after the other.
pub fn confirm(clients: &Mood, lab: &mut Lab, keeper: &mut Keeper, started: Instant) -> Result<()> {
    for node in 1..=HOSTS {
        clients.ask(node);
        let until = Instant::now() + CONFIRM;
        // There is a population on every host.
        while clients.count_done(node) < usize::from(HOSTS) && Instant::now() < until {
            keeper.look(lab, started.elapsed())?;
            thread::sleep(POLL);
        }
    }
    Ok(())
}

/// Lets time pass with nothing wrong.
pub fn pass(time: Duration, lab: &mut Lab, keeper: &mut Keeper, started: Instant) -> Result<()> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        keeper.look(lab, started.elapsed())?;
        thread::sleep(POLL);
    }
    Ok(())
}

/// Reads every node's table, all of one log index if that can be had.
pub fn final_tables(nodes: &[Control], recorder: &Recorder) -> Result<()> {
    let deadline = Instant::now() + LEVEL;
    loop {
        let read = |node| watcher::read_table(node, Function::Final, recorder);
        let tables: Vec<_> = nodes.iter().filter_map(read).collect();
        let level = tables.len() == nodes.len() && at_one_index(&tables);
        if level || Instant::now() > deadline {
            for table in tables {
                recorder.record(table).context("writing the history")?;
            }
            return Ok(());
        }
        thread::sleep(POLL);
    }
}

fn at_one_index(tables: &[Entry]) -> bool {
    let applied = |entry: &Entry| match &entry.value {
        Value::NodeState(state) if state.applied_at_most.is_none() => Some(state.applied),
        _ => None,
    };
    let indexes: Option<BTreeSet<u64>> = tables.iter().map(applied).collect();
    indexes.is_some_and(|indexes| indexes.len() == 1)
}

/// Asks every node who the voters are.
pub fn final_voters(nodes: &[Control], recorder: &Recorder, numbers: &Numbers) -> Result<()> {
    for node in nodes {
        let mut invoke = Entry::invoke(numbers.next(), Function::NodeList, Value::None);
        invoke.node = Some(names::node(node.node()));
        recorder
            .record(invoke.clone())
            .context("writing the history")?;
        let completion = match watcher::status(node) {
            Ok(status) => invoke.completed(Kind::Ok, Value::Voters(voters(&status)), None),
            Err(error) => {
                let failure = Failure {
                    // A question that got no answer changed nothing.
                    kind: FailureKind::NotSent,
                    text: format!("{error:#}"),
                };
                invoke.completed(Kind::Fail, Value::None, Some(failure))
            }
        };
        recorder.record(completion).context("writing the history")?;
    }
    Ok(())
}

fn voters(status: &Status) -> BTreeSet<String> {
    let voters = status.members.iter().filter(|one| one.role != "learner");
    let numbers = voters.filter_map(|one| u8::try_from(one.node_id).ok());
    numbers.map(names::node).collect()
}

/// Looks at every node's rules.
pub fn final_rulesets(lab: &mut Lab, recorder: &Recorder) -> Result<()> {
    for entry in rulesets::seen(lab)? {
        recorder.record(entry).context("writing the history")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_longer_run_has_a_calm_with_deeds() {
        let calm = |seconds| calm_after(Duration::from_secs(seconds)).as_secs();
        assert_eq!([calm(14), calm(30), calm(50), calm(600)], [0, 15, 25, 30]);
    }
}
