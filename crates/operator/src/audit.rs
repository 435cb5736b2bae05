//! One line in the log for each change that an operator asked for: what, before and after.
//!
//! Logged under the target [`TARGET`], whatever LOG_LEVEL says otherwise. The values are shown as
//! operators write them, quoted, so that no text of theirs can end a line. Secrets are no part of any
//! change.

use crate::{Caller, OperatorError};
use ipam::RequestId;

/// The log's target for audit lines.
pub const TARGET: &str = "audit";

/// A change that was asked for.
#[derive(Debug)]
pub(crate) struct AuditLine {
    /// What is done: `forward add`.
    pub(crate) verb: String,
    /// To what: `tcp/2222`.
    pub(crate) object: String,
    /// How it was, as this node knew it.
    pub(crate) before: String,
    /// How it is to be.
    pub(crate) after: String,
}

impl AuditLine {
    /// Logs the change with who asked and what came of it. `request` is in the logs of all nodes, at debug level; a
    /// change that is not one command has none.
    pub(crate) fn log<T>(
        &self,
        caller: &Caller,
        request: Option<RequestId>,
        outcome: &Result<T, OperatorError>,
    ) {
        let result = match outcome {
            Ok(_) => "done".to_owned(),
            Err(error) => format!("{:?}: {error}", error.kind()),
        };
        tracing::info!(
            target: TARGET,
            request = request.map(tracing::field::display),
            verb = %self.verb,
            object = ?self.object,
            before = ?self.before,
            after = ?self.after,
            result = ?result,
            from = ?caller.from,
            "an operator's change"
        );
    }
}
