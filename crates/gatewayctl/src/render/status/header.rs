//! The block about the node that answered.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::render::Style;
use crate::render::plain::{or_dash, plain};
use crate::render::style::Tone;
use crate::view::{NatView, StatusView};

/// One line for each thing.
pub(super) fn header(status: &StatusView, style: Style) -> String {
    let fields = [
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
        ("Unanswered", dropped(&status.dropped_packets)),
    ];
    fields
        .iter()
        .map(|(name, value)| format!("{name:<12}{value}\n"))
        .collect()
}

fn cluster(id: &str) -> String {
    if id.is_empty() {
        "none yet: not bootstrapped, not joined".to_owned()
    } else {
        plain(id)
    }
}

fn leader(status: &StatusView, style: Style) -> String {
    match status.leader_id {
        Some(leader) if leader == status.node_id => {
            format!("node {leader}, this node (term {})", status.term)
        }
        Some(leader) => format!("node {leader} (term {})", status.term),
        None => style.paint(Tone::Bad, &format!("none (term {})", status.term)),
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
    let reason = status.silent_reason.as_deref().unwrap_or("no reason given");
    style.paint(Tone::Bad, &format!("SILENT: {}", plain(reason)))
}

fn nat(nat: Option<&NatView>, style: Style) -> String {
    let Some(nat) = nat else {
        return "not managed by this node".to_owned();
    };
    let state = match (nat.in_sync, &nat.last_error) {
        (true, _) => style.paint(Tone::Good, "in sync"),
        (false, Some(error)) => style.paint(Tone::Bad, &format!("NOT IN SYNC: {}", plain(error))),
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

/// The total and the reasons, most frequent first.
fn dropped(dropped: &BTreeMap<String, u64>) -> String {
    let mut reasons: Vec<(&String, &u64)> =
        dropped.iter().filter(|(_, count)| **count > 0).collect();
    if reasons.is_empty() {
        return "no packets".to_owned();
    }
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let total = reasons
        .iter()
        .fold(0_u64, |total, (_, count)| total.saturating_add(**count));
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{} {count}", plain(reason)))
        .collect();
    format!("{total} packets ({})", reasons.join(", "))
}
