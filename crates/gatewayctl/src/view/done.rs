//! A change that was done.

use api::proto::admin::Done;
use serde::Serialize;

/// The empty message `Done`, with a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoneView {
    /// What was done.
    #[serde(skip)]
    pub text: String,
    /// What the operator should know besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

impl DoneView {
    /// The cluster said that it is done; `text` says what.
    #[must_use]
    pub fn new(done: Done, text: String) -> Self {
        let notices = done.notices;
        Self { text, notices }
    }
}
