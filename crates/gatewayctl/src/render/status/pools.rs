//! How full the pools are.

use crate::render::Style;
use crate::render::plain::plain;
use crate::render::table::{Column, table};
use crate::view::SubnetView;

const COLUMNS: [Column; 9] = [
    Column::Left("SUBNET"),
    Column::Left("POOL"),
    Column::Right("SIZE"),
    Column::Right("BOUND"),
    Column::Right("OFFERED"),
    Column::Right("QUARANTINED"),
    Column::Right("RESERVED"),
    Column::Right("FREE"),
    Column::Right("USED"),
];

pub(super) fn pools(subnets: &[SubnetView], style: Style) -> String {
    if subnets.is_empty() {
        return "No subnets.\n".to_owned();
    }
    table(COLUMNS, subnets.iter().map(row), style)
}

fn row(subnet: &SubnetView) -> [String; 9] {
    [
        plain(&subnet.network),
        plain(&subnet.pool),
        subnet.pool_size.to_string(),
        subnet.bound.to_string(),
        subnet.offered.to_string(),
        subnet.quarantined.to_string(),
        subnet.reserved.to_string(),
        subnet.free.to_string(),
        used(subnet),
    ]
}

/// The part of the pool that a new client cannot get. Rounded down: 100 % means that nothing is
/// free.
fn used(subnet: &SubnetView) -> String {
    let taken = u128::from(subnet.pool_size.saturating_sub(subnet.free));
    match (taken * 100).checked_div(u128::from(subnet.pool_size)) {
        Some(percent) => format!("{percent} %"),
        None => "-".to_owned(),
    }
}
