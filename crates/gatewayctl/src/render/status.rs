//! A node's status: the verdict, a block about the node, the members, the pools, what to know
//! besides. Its lines are as long as the terminal's, and 80 columns where there is none.

mod header;
mod members;
mod pools;
mod verdict;

use super::Style;
use super::plain::plain;
use super::wrap::wrap;
use crate::view::StatusView;

/// How long lines are where nobody says.
const COLUMNS: u16 = 80;

/// Everything a person looks for first, on one screen.
#[must_use]
pub fn status(status: &StatusView, style: Style) -> String {
    let columns = style.columns.unwrap_or(COLUMNS);
    let style = Style {
        columns: Some(columns),
        ..style
    };
    let columns = usize::from(columns);
    let mut text = verdict::verdict(&status.verdict, style, columns);
    text.push('\n');
    text.push_str(&header::header(status, style, columns));
    text.push('\n');
    text.push_str(&members::members(status, style));
    text.push('\n');
    text.push_str(&pools::pools(&status.subnets, style, columns));
    text.push_str(&notices(&status.notices, columns));
    text
}

fn notices(notices: &[String], columns: usize) -> String {
    let lines: String = notices
        .iter()
        .map(|notice| wrap("- ", &plain(notice), columns, 2))
        .collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\nNotices:\n{lines}")
    }
}
