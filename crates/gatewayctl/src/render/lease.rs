//! Leases.

use std::time::Duration;

use super::Style;
use super::plain::{or_dash, plain};
use super::table::{Column, table};
use crate::view::LeaseView;

const COLUMNS: [Column; 6] = [
    Column::Left("ADDRESS"),
    Column::Left("CLIENT"),
    Column::Left("STATE"),
    Column::Right("EXPIRES IN"),
    Column::Left("HOST NAME"),
    Column::Right("NODE"),
];

/// A table, or a sentence if there are none.
#[must_use]
pub fn leases(leases: &[LeaseView], style: Style) -> String {
    if leases.is_empty() {
        return "No leases.\n".to_owned();
    }
    table(&COLUMNS, leases.iter().map(row), style)
}

/// One lease in full.
#[must_use]
pub fn lease(lease: &LeaseView, _: Style) -> String {
    let fields = [
        ("Address", plain(&lease.address)),
        ("Subnet", lease.subnet_id.to_string()),
        ("Client", or_dash(&lease.client)),
        ("Hardware", or_dash(&lease.hardware)),
        ("Host name", or_dash(&lease.hostname)),
        ("State", plain(&lease.state)),
        ("Expires in", expiry(lease)),
        ("Granted by", format!("node {}", lease.node_id)),
    ];
    fields
        .iter()
        .map(|(name, value)| format!("{name:<12}{value}\n"))
        .collect()
}

fn row(lease: &LeaseView) -> [String; 6] {
    [
        plain(&lease.address),
        or_dash(&lease.client),
        plain(&lease.state),
        expiry(lease),
        or_dash(&lease.hostname),
        lease.node_id.to_string(),
    ]
}

fn expiry(lease: &LeaseView) -> String {
    match lease.expires_in_seconds {
        Some(seconds) => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
        None => "-".to_owned(),
    }
}
