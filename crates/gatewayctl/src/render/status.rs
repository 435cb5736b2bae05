//! A node's status: a block about the node, the members, the pools, what to know besides.

mod header;
mod members;
mod pools;

use super::Style;
use super::plain::plain;
use crate::view::StatusView;

/// Everything a person looks for first, on one screen.
#[must_use]
pub fn status(status: &StatusView, style: Style) -> String {
    let mut text = header::header(status, style);
    text.push('\n');
    text.push_str(&members::members(status, style));
    text.push('\n');
    text.push_str(&pools::pools(&status.subnets, style));
    text.push_str(&notices(&status.notices));
    text
}

fn notices(notices: &[String]) -> String {
    let lines: String = notices
        .iter()
        .map(|notice| format!("- {}\n", plain(notice)))
        .collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\nNotices:\n{lines}")
    }
}
