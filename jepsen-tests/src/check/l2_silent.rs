//! L2: a node with no quorum in reach is silent to DHCP, after the time that it has to notice.

use std::collections::BTreeMap;

use super::faults::node_names;
use super::spans::Span;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Operation, Reply, Setup, Value};

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "a node that is cut off is silent";
    let setup = case.history.setup();
    let nodes: Vec<&str> = node_names(case.history).into_values().collect();
    let spans = nodes.iter().flat_map(|node| must_be_silent(case, node));
    let judged = spans.count();
    if setup.is_none() && judged > 0 {
        let because = "there is no :setup line that says who the members are".to_owned();
        return Verdict::unknown("L2", what, because);
    }
    Verdict::of("L2", what, judged, talkative(case, |_| true))
}

/// Every packet from a node.
pub(super) fn replies<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Operation, &'a Reply)> + use<'a> {
    let operations = case.history.operations().iter();
    operations.filter_map(|operation| match &operation.value {
        Value::Reply(reply) => Some((operation, reply)),
        _ => None,
    })
}

/// The packets of a kind that came from nodes that had to be silent.
pub(super) fn talkative(case: &Case<'_>, wanted: impl Fn(&Reply) -> bool) -> Vec<Evidence> {
    let names = node_names(case.history);
    let mut silent: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for node in names.values() {
        silent.insert(*node, must_be_silent(case, node));
    }
    let mut evidence = Vec::new();
    for (operation, reply) in replies(case).filter(|(_, reply)| wanted(reply)) {
        let node = names.get(&reply.server).copied();
        let spans = node.and_then(|node| silent.get(node));
        let within = |span: &&Span| span.0 <= operation.time && operation.time < span.1;
        if let (Some(node), Some(span)) = (node, spans.and_then(|all| all.iter().find(within))) {
            evidence.push(spoke(node, operation, reply, *span));
        }
    }
    evidence
}

/// The spans in which `node` was cut off, without the time that it has to notice.
fn must_be_silent(case: &Case<'_>, node: &str) -> Vec<Span> {
    let setup = case.history.setup();
    let after = setup.map_or(Setup::SILENT_AFTER_MS, |setup| setup.silent_after_ms);
    let after = after.saturating_mul(1_000_000);
    let spans = case.faults.cut_off(node).into_iter();
    let spans = spans.map(|(from, until)| (from.saturating_add(after), until));
    spans.filter(|(from, until)| from < until).collect()
}

fn spoke(node: &str, operation: &Operation, reply: &Reply, silent: Span) -> Evidence {
    let text = format!(
        "{node} sent {:?} to {} at {}; it had to be silent from {} to {}",
        reply.message,
        reply.client,
        seconds(operation.time),
        seconds(silent.0),
        seconds(silent.1)
    );
    let evidence = Evidence::new(text, vec![operation.index]);
    match reply.address {
        Some(address) => evidence.at(address, operation.time, operation.time),
        None => evidence,
    }
}
