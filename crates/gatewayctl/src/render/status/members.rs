//! The members, as the node that answered sees them.

use crate::render::Style;
use crate::render::plain::{number_or_dash, or_dash, plain};
use crate::render::table::{Column, table};
use crate::view::{MemberView, StatusView};

const COLUMNS: [Column; 8] = [
    Column::Right("NODE"),
    Column::Left("ROLE"),
    Column::Left("LISTEN IP"),
    Column::Left("PEER ADDRESS"),
    Column::Left("REACHABLE"),
    Column::Right("APPLIED"),
    Column::Right("LAG"),
    Column::Left("DHCP"),
];

pub(super) fn members(status: &StatusView, style: Style) -> String {
    if status.members.is_empty() {
        return "No members.\n".to_owned();
    }
    table(
        COLUMNS,
        status
            .members
            .iter()
            .map(|member| row(member, status.node_id)),
        style,
    )
}

fn row(member: &MemberView, this_node: u64) -> [String; 8] {
    [
        member.node_id.to_string(),
        plain(&member.role),
        or_dash(&member.listen_ip),
        or_dash(&member.peer_address),
        reachable(member, this_node).to_owned(),
        number_or_dash(member.applied),
        number_or_dash(member.lag),
        dhcp(member).to_owned(),
    ]
}

const fn reachable(member: &MemberView, this_node: u64) -> &'static str {
    if member.node_id == this_node {
        "this node"
    } else if member.reachable {
        "yes"
    } else {
        "NO"
    }
}

/// Nothing is known of a member that does not answer.
const fn dhcp(member: &MemberView) -> &'static str {
    match (member.reachable, member.in_service) {
        (_, true) => "in service",
        (true, false) => "silent",
        (false, false) => "unknown",
    }
}
