//! What `pki` made.

use super::Style;
use crate::view::PkiView;

/// The files, one a line, then what comes next.
#[must_use]
pub fn pki(view: &PkiView, _: Style) -> String {
    let files = view
        .files
        .iter()
        .map(|file| format!("  {}\n", file.display()));
    format!("Written:\n{}{}\n", files.collect::<String>(), view.text)
}
