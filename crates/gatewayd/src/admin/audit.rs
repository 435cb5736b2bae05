//! One line in the log for each change that was asked of the admin port: what, before and after.
//!
//! Logged under the target [`TARGET`], whatever LOG_LEVEL says otherwise. The values are shown as
//! operators write them, quoted, so that no text of theirs can end a line. Secrets are no part of any
//! change.

use std::net::SocketAddr;
use tonic::Status;

/// The log's target for audit lines.
pub const TARGET: &str = "audit";

/// A change that was asked.
#[derive(Debug)]
pub struct Change {
    /// What is done: `forward add`.
    pub verb: String,
    /// To what: `tcp/2222`.
    pub object: String,
    /// How it was, as this node knew it.
    pub before: String,
    /// How it is to be.
    pub after: String,
    /// Where the request came from.
    pub from: Option<SocketAddr>,
}

impl Change {
    /// Logs the change with what came of it.
    pub fn log<T>(&self, outcome: &Result<T, Status>) {
        let result = match outcome {
            Ok(_) => "done".to_owned(),
            Err(status) => format!("{:?}: {}", status.code(), status.message()),
        };
        let from = self.from.map(|from| from.to_string()).unwrap_or_default();
        tracing::info!(
            target: TARGET,
            verb = %self.verb,
            object = ?self.object,
            before = ?self.before,
            after = ?self.after,
            result = ?result,
            from,
            "an operator's change"
        );
    }
}
