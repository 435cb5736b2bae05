//! The members, as the node that answered sees them.

use std::time::Duration;

use crate::render::Style;
use crate::render::plain::{number_or_dash, or_dash, plain};
use crate::render::table::{Column, table};
use crate::view::{MemberView, StatusView};

const COLUMNS: [Column; 7] = [
    Column::Right("NODE"),
    Column::Left("ROLE"),
    Column::Left("LISTEN IP"),
    Column::Left("PEER ADDRESS"),
    Column::Left("REACHABLE"),
    Column::Right("LAG"),
    Column::Left("DHCP"),
];

pub(super) fn members(status: &StatusView, style: Style) -> String {
    if status.members.is_empty() {
        return "No members.\n".to_owned();
    }
    table(
        &COLUMNS,
        status
            .members
            .iter()
            .map(|member| row(member, status.node_id)),
        style,
    )
}

fn row(member: &MemberView, this_node: u64) -> [String; 7] {
    [
        member.node_id.to_string(),
        plain(&member.role),
        or_dash(&member.listen_ip),
        or_dash(&member.peer_address),
        reachable(member, this_node),
        number_or_dash(member.lag),
        dhcp(member).to_owned(),
    ]
}

fn reachable(member: &MemberView, this_node: u64) -> String {
    if member.node_id == this_node {
        return "this node".to_owned();
    }
    if member.reachable {
        return "yes".to_owned();
    }
    match member.unreachable_seconds {
        Some(seconds @ 1..) => {
            // The largest unit is enough.
            let for_how_long = humantime::format_duration(Duration::from_secs(seconds)).to_string();
            let largest = for_how_long.split(' ').next().unwrap_or_default();
            format!("NO, {largest}")
        }
        _ => "NO".to_owned(),
    }
}

/// Nothing is known of a member that does not answer.
const fn dhcp(member: &MemberView) -> &'static str {
    match (member.reachable, member.in_service) {
        (_, true) => "in service",
        (true, false) => "not serving",
        (false, false) => "unknown",
    }
}
