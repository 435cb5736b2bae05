//! Port forwards.

use super::Style;
use super::plain::plain;
use super::table::{Column, table};
use crate::view::ForwardView;

const COLUMNS: [Column; 4] = [
    Column::Left("PROTO"),
    Column::Right("PORT"),
    Column::Left("TO"),
    Column::Left("TARGET NOW"),
];

/// A table, or a sentence if there are none.
#[must_use]
pub fn forwards(forwards: &[ForwardView], style: Style) -> String {
    if forwards.is_empty() {
        return "No port is forwarded.\n".to_owned();
    }
    table(COLUMNS, forwards.iter().map(row), style)
}

fn row(forward: &ForwardView) -> [String; 4] {
    [
        plain(&forward.protocol),
        forward.port.to_string(),
        target(forward),
        forward
            .resolved
            .as_deref()
            .map_or_else(|| nowhere(forward).to_owned(), plain),
    ]
}

/// Why nobody gets the traffic.
const fn nowhere(forward: &ForwardView) -> &'static str {
    if forward.client.is_some() {
        "nowhere: no lease"
    } else {
        "nowhere: it is a host's address"
    }
}

fn target(forward: &ForwardView) -> String {
    match (&forward.address, &forward.client) {
        (Some(address), _) => format!("{}:{}", plain(address), forward.target_port),
        (None, Some(client)) => format!("client {} port {}", plain(client), forward.target_port),
        (None, None) => "-".to_owned(),
    }
}
