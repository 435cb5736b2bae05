//! What `pki` made.

use std::path::PathBuf;

use serde::Serialize;

/// The files that were written, with sentences for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PkiView {
    /// In the order in which they were written.
    pub files: Vec<PathBuf>,
    /// What they are, and what comes next.
    #[serde(skip)]
    pub text: String,
}

impl PkiView {
    /// These files are there now.
    #[must_use]
    pub const fn new(files: Vec<PathBuf>, text: String) -> Self {
        Self { files, text }
    }
}
