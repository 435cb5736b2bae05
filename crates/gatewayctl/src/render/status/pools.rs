//! How full the pools are: a line of a table for each, and one with what is in it.

use crate::render::Style;
use crate::render::plain::plain;
use crate::render::table::{Column, table};
use crate::render::wrap::wrap;
use crate::view::SubnetView;

const COLUMNS: [Column; 5] = [
    Column::Left("SUBNET"),
    Column::Left("POOL"),
    Column::Right("SIZE"),
    Column::Right("FREE"),
    Column::Right("USED"),
];

pub(super) fn pools(subnets: &[SubnetView], style: Style, columns: usize) -> String {
    if subnets.is_empty() {
        return "No subnets.\n".to_owned();
    }
    let details = subnets.iter().map(|subnet| details(subnet, columns));
    table(&COLUMNS, subnets.iter().map(row), style) + &details.collect::<String>()
}

fn row(subnet: &SubnetView) -> [String; 5] {
    [
        plain(&subnet.network),
        plain(&subnet.pool),
        subnet.pool_size.to_string(),
        subnet.free.to_string(),
        used(subnet),
    ]
}

fn details(subnet: &SubnetView, columns: usize) -> String {
    let text = format!(
        "{}: {} bound, {} offered, {} quarantined, {} reserved",
        plain(&subnet.network),
        subnet.bound,
        subnet.offered,
        subnet.quarantined,
        subnet.reserved
    );
    wrap("", &text, columns, 2)
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
