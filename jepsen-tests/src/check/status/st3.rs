//! ST3: who can serve does. A node that is whole, with the leader and a majority, for long, is in service.
//!
//! Whole is whom no fault has possibly hit, and who surely was a member, for the time that the `:setup` gives
//! the cluster to come back. Then it has [`WITHIN`].

use std::collections::{BTreeMap, BTreeSet};

use super::Looks;
use crate::check::spans::{Span, common, complement, merged};
use crate::check::verdict::seconds;
use crate::check::{Case, Evidence, Verdict};
use crate::history::{Setup, Value};

/// How long a node may go without service, though it could.
const WITHIN: u64 = 15_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "a node that is whole, with leader and majority, serves";
    let looks = Looks::of(case);
    let Some(setup) = case.history.setup() else {
        return Verdict::of("ST3", what, 0, Vec::new());
    };
    let settled = setup.service_within_ms.saturating_mul(1_000_000);
    let whole = whole(case, setup, settled);
    let leads = leads(&looks, settled, case.history.end());
    let mut judged = 0;
    let mut evidence = Vec::new();
    for node in looks.0.keys() {
        let could = could_serve(node, &whole, &leads);
        let exceeds = |span: &&Span| span.1 - span.0 > WITHIN;
        judged += could.iter().filter(exceeds).count();
        let silent = common(&looks.saying(node, false), &could);
        evidence.extend(
            silent
                .iter()
                .filter(exceeds)
                .map(|span| idle(&looks, node, *span)),
        );
    }
    Verdict::of("ST3", what, judged, evidence)
}

/// When each member of the beginning was whole.
fn whole<'a>(case: &'a Case<'_>, setup: &'a Setup, settled: u64) -> BTreeMap<&'a str, Vec<Span>> {
    let end = case.history.end().saturating_add(1);
    let names = setup.members.iter().map(|(name, _)| name.as_str());
    let of = |node: &'a str| {
        let hits = case.faults.all().iter().filter(|span| {
            let fault = &span.fault;
            let named = [&fault.targets, &fault.down, &fault.unheard];
            let ends = fault.cut.iter().flat_map(|(from, to)| [from, to]);
            let is_cut = fault.targets.is_empty() && ends.into_iter().any(|it| it == node);
            is_cut || named.iter().any(|nodes| nodes.iter().any(|it| it == node))
        });
        let changes = case
            .history
            .calls()
            .filter_map(|call| match &call.invoke.value {
                Value::Member(member) if member.node == node => {
                    Some((call.invoke.time, call.ended().unwrap_or(end)))
                }
                _ => None,
            });
        let mut troubled: Vec<Span> = hits.map(|span| span.possible).chain(changes).collect();
        troubled.sort_unstable();
        let troubled = troubled.into_iter();
        let troubled = merged(
            troubled.map(|(from, until)| (from, until.saturating_add(settled))),
            0,
        );
        let spans = complement(&troubled, end);
        (node, is_member(case, node, spans))
    };
    names.map(of).collect()
}

/// The parts in which `node` surely is a member.
fn is_member(case: &Case<'_>, node: &str, spans: Vec<Span>) -> Vec<Span> {
    let member = |at: u64| case.faults.members_at(at).any(|it| it == node);
    spans
        .into_iter()
        .filter(|(from, _)| member(*from))
        .collect()
}

/// Who has led for long, as those say that know the latest term.
fn leads<'a>(looks: &Looks<'a>, settled: u64, end: u64) -> Vec<(&'a str, Span)> {
    let mut term = 0;
    let mut leader: Option<(&str, u64)> = None;
    let mut spans: Vec<(&str, Span)> = Vec::new();
    for look in looks.all() {
        let Some(told) = look.shown.told.as_ref().filter(|told| told.term >= term) else {
            continue;
        };
        let says = told.leader.as_deref();
        let is_same = told.term == term && (says.is_none() || says == leader.map(|it| it.0));
        term = told.term;
        if !is_same {
            spans.extend(leader.map(|(node, since)| (node, (since, look.shown.asked))));
            leader = says.map(|node| (node, look.line.time));
        }
    }
    spans.extend(leader.map(|(node, since)| (node, (since, end))));
    let long = spans.into_iter();
    let long = long.map(|(node, (since, until))| (node, (since.saturating_add(settled), until)));
    long.filter(|(_, span)| span.0 < span.1).collect()
}

/// When `node` was whole together with a leader and a majority.
fn could_serve(node: &str, whole: &BTreeMap<&str, Vec<Span>>, leads: &[(&str, Span)]) -> Vec<Span> {
    let none = Vec::new();
    let of = |name: &str| whole.get(name).unwrap_or(&none);
    let mut could = Vec::new();
    for (leader, span) in leads {
        let with_leader = common(&common(of(node), of(leader)), &[*span]);
        for companions in companions(whole.keys().copied().collect(), &[node, leader]) {
            let mut spans = with_leader.clone();
            for companion in companions {
                spans = common(&spans, of(companion));
            }
            could.extend(spans);
        }
    }
    could.sort_unstable();
    merged(could, 0)
}

/// Every set of others that makes a majority with `these`.
fn companions<'a>(all: BTreeSet<&'a str>, these: &[&str]) -> Vec<Vec<&'a str>> {
    let own: BTreeSet<&str> = these.iter().copied().collect();
    let quorum = all.len() / 2 + 1;
    let lack = quorum.saturating_sub(own.len());
    let others: Vec<&str> = all.into_iter().filter(|it| !own.contains(it)).collect();
    let mut sets: Vec<Vec<&str>> = vec![Vec::new()];
    for _ in 0..lack {
        let longer = sets.iter().flat_map(|set| {
            let more = others.iter().filter(|it| !set.contains(*it));
            more.map(|it| set.iter().chain([it]).copied().collect())
        });
        sets = longer.collect();
    }
    sets
}

fn idle(looks: &Looks<'_>, node: &str, span: Span) -> Evidence {
    let within = looks.of_node(node).iter();
    let mut within = within.filter(|look| span.0 <= look.line.time && look.line.time <= span.1);
    let last = within.next_back();
    let reason = last.and_then(|look| look.shown.told.as_ref()?.reason.as_deref());
    let text = format!(
        "{node} does not serve from {} to {}, while it, the leader and a majority are whole; it says: {}",
        seconds(span.0),
        seconds(span.1),
        reason.unwrap_or("nothing")
    );
    Evidence::new(text, last.map(|look| look.line.index).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_makes_up_a_majority_with_two() {
        let all = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
        let nobody: Vec<Vec<&str>> = vec![Vec::new()];
        assert_eq!(companions(all(&["a", "b", "c"]), &["a", "b"]), nobody);
        let one_more = companions(all(&["a", "b", "c"]), &["a", "a"]);
        assert_eq!(one_more, [["b"], ["c"]]);
    }
}
