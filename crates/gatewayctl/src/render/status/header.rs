//! The block about the node that answered.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::render::Style;
use crate::render::plain::{or_dash, plain};
use crate::render::style::Tone;
use crate::render::wrap::wrap;
use crate::view::{NatView, StatusView};

/// How wide the names are.
const NAMES: usize = 12;

/// One line for each thing, or more where the terminal is narrow.
pub(super) fn header(status: &StatusView, style: Style, columns: usize) -> String {
    let (unanswered, not_ours) = dropped(status);
    let mut fields = vec![
        (
            "Node",
            format!("{} (gatewayd {})", status.node_id, or_dash(&status.version)),
        ),
        ("Cluster", cluster(&status.cluster_id)),
        ("Leader", leader(status, style)),
        ("Applied", format!("entry {}", status.last_applied)),
        ("Quorum", quorum(status.has_quorum, style)),
        ("DHCP", dhcp(status, style)),
        ("NAT", nat(status.nat.as_ref(), style)),
        ("Unanswered", unanswered),
        ("Not ours", not_ours),
    ];
    // Of an ordinary day there is nothing to say.
    if status.peer_refusals.values().any(|count| *count > 0) {
        let refused = counted(status.peer_refusals.iter().collect(), "at the peer port");
        fields.push(("Refused", refused));
    }
    fields
        .iter()
        .map(|(name, value)| wrap(&format!("{name:<NAMES$}"), value, columns, NAMES))
        .collect()
}

fn cluster(id: &str) -> String {
    if id.is_empty() {
        "none yet: not bootstrapped, not joined".to_owned()
    } else {
        plain(id)
    }
}

/// Without a quorum nobody leads, whatever the node remembers.
fn leader(status: &StatusView, style: Style) -> String {
    let term = status.term;
    match status.leader_id {
        Some(leader) if !status.has_quorum => style.paint(
            Tone::Bad,
            &format!("none with a quorum (last: node {leader}, term {term})"),
        ),
        Some(leader) if leader == status.node_id => {
            format!("node {leader}, this node (term {term})")
        }
        Some(leader) => format!("node {leader} (term {term})"),
        None => style.paint(Tone::Bad, &format!("none (term {term})")),
    }
}

fn quorum(has_quorum: bool, style: Style) -> String {
    if has_quorum {
        style.paint(Tone::Good, "yes")
    } else {
        style.paint(Tone::Bad, "NO")
    }
}

fn dhcp(status: &StatusView, style: Style) -> String {
    if status.in_service {
        return style.paint(Tone::Good, "in service");
    }
    let reason = status
        .not_serving_reason
        .as_deref()
        .unwrap_or("no reason given");
    style.paint(Tone::Bad, &format!("not serving: {}", plain(reason)))
}

fn nat(nat: Option<&NatView>, style: Style) -> String {
    let Some(nat) = nat else {
        return "not managed by this node".to_owned();
    };
    if nat.no_uplink {
        return "no uplink: this node forwards and translates nothing".to_owned();
    }
    let state = match (
        nat.in_sync,
        nat.problems.first().or(nat.last_error.as_ref()),
    ) {
        (true, None) => style.paint(Tone::Good, "in sync"),
        (_, Some(error)) => style.paint(Tone::Bad, &format!("NOT IN SYNC: {}", plain(error))),
        (false, None) => style.paint(Tone::Warn, "not in sync yet"),
    };
    format!("{state}, {}", repairs(nat))
}

fn repairs(nat: &NatView) -> String {
    match (nat.repairs, nat.last_repair_micros) {
        (0, _) => "no repairs".to_owned(),
        (1, Some(micros)) => format!("1 repair, it took {}", duration(micros)),
        (n, Some(micros)) => format!("{n} repairs, the last took {}", duration(micros)),
        (n, None) => format!("repairs: {n}"),
    }
}

fn duration(micros: u64) -> String {
    format!("{:.1?}", Duration::from_micros(micros))
}

/// Packets without an answer: those that one was due for, and those that were for somebody else.
fn dropped(status: &StatusView) -> (String, String) {
    let (others, ours): (BTreeMap<_, _>, BTreeMap<_, _>) = status
        .dropped_packets
        .iter()
        .filter(|(_, count)| **count > 0)
        .partition(|(reason, _)| status.not_ours.contains(reason));
    (packets(&ours), packets(&others))
}

fn packets(dropped: &BTreeMap<&String, &u64>) -> String {
    counted(dropped.clone(), "packets")
}

/// The most frequent reason first.
fn counted(reasons: BTreeMap<&String, &u64>, what: &str) -> String {
    let total = reasons
        .values()
        .fold(0_u64, |total, count| total.saturating_add(**count));
    if total == 0 {
        return format!("no {what}");
    }
    let mut reasons: Vec<_> = reasons
        .into_iter()
        .filter(|(_, count)| **count > 0)
        .collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let reasons: Vec<String> = reasons
        .into_iter()
        .map(|(reason, count)| format!("{} {count}", plain(reason)))
        .collect();
    format!("{total} {what} ({})", reasons.join(", "))
}
