//! Why a command did not do what it was asked: what we were doing, the reason, what to do next.

use std::fmt;
use std::io;

use crate::exit::Exit;

/// An error for people, with the exit status for programs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// The exit status.
    pub exit: Exit,
    /// What we were doing, with the values: "releasing the lease of 10.15.3.20".
    pub doing: String,
    /// Why it failed.
    pub reason: String,
    /// What the operator can do, unless the reason says so already.
    pub next: Option<String>,
}

impl Failure {
    /// The node could not be asked.
    #[must_use]
    pub fn unreachable(doing: &str, reason: String) -> Self {
        Self {
            exit: Exit::Unreachable,
            doing: doing.to_owned(),
            reason,
            next: Some(
                "check that gatewayd runs there (systemctl status gatewayd); another node is asked on \
                 its own host, or through ssh -L with --node"
                    .to_owned(),
            ),
        }
    }

    /// The arguments make no sense together, which only shows when they are looked at.
    #[must_use]
    pub fn usage(doing: String, reason: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            doing,
            reason: reason.into(),
            next: None,
        }
    }

    /// Standard output does not take the answer.
    #[must_use]
    pub fn output(error: &io::Error) -> Self {
        Self {
            exit: Exit::Output,
            doing: "writing the answer to standard output".to_owned(),
            reason: error.to_string(),
            next: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.reason)?;
        match &self.next {
            Some(next) => write!(f, "\n  next: {next}"),
            None => Ok(()),
        }
    }
}
