//! A change that was done.

use super::Style;
use super::plain::plain;
use crate::view::DoneView;

/// One sentence, and a line for each thing to know besides.
#[must_use]
pub fn done(view: &DoneView, _: Style) -> String {
    let notices = view
        .notices
        .iter()
        .map(|notice| format!("note: {}\n", plain(notice)));
    std::iter::once(format!("{}\n", view.text))
        .chain(notices)
        .collect()
}
