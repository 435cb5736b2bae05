//! The exit statuses. Scripts depend on them: a number never changes its meaning.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, and committed if it was a change.
    Done = 0,
    /// The cluster said no. Nothing was changed.
    Refused = 1,
    /// The command line makes no sense. Nothing was asked.
    Usage = 2,
    /// No answer from the node, or it cannot serve now. Nothing was changed.
    Unreachable = 3,
    /// A change was sent and its answer did not arrive: it may or may not have been done.
    Unknown = 4,
    /// `status` only: the node answered, and does not serve DHCP clients.
    NotServing = 5,
    /// The answer could not be written to standard output.
    Output = 6,
    /// `status` only: the node serves, and something is amiss.
    Degraded = 7,
}

/// The paragraph of `--help` about them.
pub const HELP: &str = "\
Exit status:
  0  done (a change is committed and applied)
  1  refused by the cluster; nothing was changed
  2  usage error; nothing was asked
  3  the node could not be reached or cannot serve now; nothing was changed
  4  unknown: a change was sent, no answer came; it may or may not have been done
  5  `status` only: NOT SERVING: the node answered, but does not serve DHCP clients
  6  the answer could not be written to standard output
  7  `status` only: DEGRADED: the node serves, but something is amiss";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
