//! A change that was done.

use super::Style;
use crate::view::DoneView;

/// One sentence.
#[must_use]
pub fn done(view: &DoneView, _: Style) -> String {
    format!("{}\n", view.text)
}
