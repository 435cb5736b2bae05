//! S4, in bounds: a dynamic grant lies in the pool and is never the network's, the broadcast, the
//! router's or a node's address, excluded, quarantined, or another client's reservation.
//!
//! Judged from the configuration, not by what the state machine says of itself.

use super::facts::Step;
use super::states::Change;
use super::violation::{Verdict, Violation};
use ipam::{ClientKey, LeaseState, State};

/// Judges every grant that came with a step.
pub(super) fn step(step: &Step<'_>) -> Verdict {
    for change in &step.changes {
        let Some((client, lease)) = change.granted() else {
            continue;
        };
        // The configuration may have changed in the same step: out of bounds by both is out.
        let reasons = [step.before, step.after].map(|state| why_not(state, change, client));
        if let [Some(_), Some(reason)] = reasons {
            return Err(Violation::new(
                "S4",
                step.at,
                format!("{client} was granted {}", change.address),
                [
                    format!(
                        "entry {} granted it by node {}",
                        step.position.index, lease.node
                    ),
                    reason,
                ],
            ));
        }
    }
    Ok(())
}

fn why_not(state: &State, change: &Change<'_>, client: &ClientKey) -> Option<String> {
    let address = change.address;
    let Some(subnet) = state.subnets().get(&change.subnet) else {
        return Some("there is no such subnet".to_owned());
    };
    let config = subnet.config();
    let network = config.network;
    if address == network.address() || address == network.broadcast() || !network.contains(address)
    {
        return Some(format!("it is no host address of {network}"));
    }
    if address == config.router {
        return Some("it is the router's".to_owned());
    }
    if let Some(node) = state.nodes().values().find(|node| node.listens_on(address)) {
        return Some(format!("it is node {}'s own", node.node));
    }
    let mut reservations = subnet.reservations().iter();
    let owner = reservations.find(|(_, reserved)| *reserved == address);
    match owner {
        Some((owner, _)) if owner != client => Some(format!("it is reserved for {owner}")),
        Some(_) => None,
        None if !config.pool.contains(address) => Some(format!("the pool is {}", config.pool)),
        None if config.excluded.iter().any(|range| range.contains(address)) => {
            Some("it is excluded".to_owned())
        }
        None => quarantined(state, change),
    }
}

fn quarantined(state: &State, change: &Change<'_>) -> Option<String> {
    let until = match change.before?.state {
        LeaseState::Quarantined { until } => until,
        _ => return None,
    };
    (state.clock() < until).then(|| format!("it is quarantined until {until}"))
}
