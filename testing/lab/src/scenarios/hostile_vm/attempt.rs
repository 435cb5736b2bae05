//! One attempt: what the cluster was before and after, and which counters of the hosts' rules rose.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::Lab;
use crate::report::Report;

/// What must be the same afterwards.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    nodes: Vec<NodeStanding>,
    /// Leases, reservations, forwards.
    tables: String,
}

#[derive(Debug, PartialEq, Eq)]
struct NodeStanding {
    node: u64,
    term: u64,
    leader: Option<u64>,
    applied: u64,
    members: Vec<u64>,
}

/// Packets by host and by the chain that dropped them.
type Counters = BTreeMap<(u8, String), u64>;

/// Whether the hosts' rules must have counted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// By the rules.
    ByRules,
    /// It never gets to the rules, or is refused by a program that says so.
    Elsewhere,
    /// An operator's command, which the cluster refuses by an entry of its log.
    InLog,
}

/// Plays one, which returns what came back, and notes it.
pub(super) fn attempt(
    lab: &mut Lab,
    report: &mut Report,
    name: &str,
    counted: Counted,
    what: impl FnOnce(&mut Lab) -> Result<String>,
) -> Result<()> {
    attempts(lab, report, name, counted, |lab, _| what(lab))
}

/// Plays several, each of which notes a row of its own.
pub(super) fn attempts(
    lab: &mut Lab,
    report: &mut Report,
    name: &str,
    counted: Counted,
    what: impl FnOnce(&mut Lab, &mut Report) -> Result<String>,
) -> Result<()> {
    let (standing, before) = (standing(lab)?, counters(lab)?);
    let answer = what(lab, report)?;
    let rose = rose(&before, &counters(lab)?);
    ensure!(
        counted != Counted::ByRules || !rose.is_empty(),
        "{name}: {answer}; no host has counted it"
    );
    let mut after = self::standing(lab)?;
    if counted == Counted::InLog {
        for (old, new) in standing.nodes.iter().zip(&mut after.nodes) {
            new.applied = old.applied;
        }
    }
    ensure!(
        standing == after,
        "{name}: {answer}; it changed {standing:?} to {after:?}"
    );
    let counted = match rose.is_empty() {
        true => String::new(),
        false => format!("; dropped: {rose}"),
    };
    report.figure(name, format!("{answer}{counted}; nothing changed"));
    Ok(())
}

fn standing(lab: &mut Lab) -> Result<Standing> {
    let mut nodes = Vec::new();
    for gateway in lab.gateways() {
        let status = gateway.status()?;
        ensure!(
            status.in_service,
            "node {} is out of service",
            status.node_id
        );
        let members = status.members.iter().map(|member| member.node_id);
        nodes.push(NodeStanding {
            node: status.node_id,
            term: status.term,
            leader: status.leader_id,
            applied: status.last_applied,
            members: members.collect(),
        });
    }
    let mut tables = String::new();
    for lease in lab.gateway(1).leases()? {
        let (address, client, state) = (lease.address, lease.client, lease.state);
        tables.push_str(&format!("{address} {client} {state}\n"));
    }
    for table in ["reservation", "forward"] {
        tables.push_str(&lab.gateway(1).ctl(&[table, "list", "--json"])?);
    }
    Ok(Standing { nodes, tables })
}

/// What the rules of each host have dropped and counted.
fn counters(lab: &Lab) -> Result<Counters> {
    let mut counters = Counters::new();
    for host in lab.topology().hosts() {
        let table = ["list", "table", "inet", "gatewayd"];
        let text = host.netns().run("nft", &table)?;
        let mut chain = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("chain ") {
                name.trim_end_matches(" {").clone_into(&mut chain);
            }
            let packets = line.split_once("counter packets ");
            let packets = packets.and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
            *counters.entry((host.node(), chain.clone())).or_default() += packets.unwrap_or(0);
        }
    }
    Ok(counters)
}

fn rose(before: &Counters, after: &Counters) -> String {
    let mut by_chain = BTreeMap::<&str, u64>::new();
    for (place, count) in after {
        let more = count.saturating_sub(before.get(place).copied().unwrap_or(0));
        *by_chain.entry(&place.1).or_default() += more;
    }
    let rose = by_chain.into_iter().filter(|(_, more)| *more > 0);
    let rose: Vec<_> = rose
        .map(|(chain, more)| format!("{chain} +{more}"))
        .collect();
    rose.join(", ")
}
