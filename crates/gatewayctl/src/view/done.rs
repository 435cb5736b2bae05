//! A change that was done.

use api::proto::admin::Done;
use serde::Serialize;

/// The empty message `Done`, with a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoneView {
    /// What was done.
    #[serde(skip)]
    pub text: String,
}

impl DoneView {
    /// The cluster said that it is done; `text` says what.
    #[must_use]
    pub fn new(_: Done, text: String) -> Self {
        Self { text }
    }
}
