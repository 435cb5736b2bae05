//! A verdict: which promise was broken, when, about whom, and the two facts that contradict each other.

use crate::client::TrueTime;
use std::fmt;

/// A promise of the lease contract that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise: "S1".
    pub promise: &'static str,
    /// When it showed, in true time.
    pub at: TrueTime,
    /// Who and what it is about: clients, address, node.
    pub about: String,
    /// Two facts that cannot both be, if the promise is kept.
    pub facts: [String; 2],
}

/// Some promises, as a mutation names those that it breaks: "S1, T4".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises(pub &'static str);

impl Promises {
    /// Whether this is one of them.
    #[must_use]
    pub fn contains(self, promise: &str) -> bool {
        self.0.split(", ").any(|one| one == promise)
    }
}

/// What a check comes to.
pub type Verdict = Result<(), Violation>;

impl Violation {
    pub(crate) fn new(
        promise: &'static str,
        at: TrueTime,
        about: impl Into<String>,
        facts: [String; 2],
    ) -> Self {
        let about = about.into();
        Self {
            promise,
            at,
            about,
            facts,
        }
    }
}

impl std::error::Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, other] = &self.facts;
        write!(
            f,
            "{} is broken at {}: {}\n    {one}\n    {other}",
            self.promise, self.at, self.about
        )
    }
}
