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
    /// The change begins. Exactly one line is logged of it, also if whoever asked goes away. `request` is in the logs
    /// of all nodes, at debug level; a change that is not one command has none.
    pub(crate) fn begin<'a>(self, caller: &'a Caller, request: Option<RequestId>) -> Begun<'a> {
        Begun {
            line: self,
            caller,
            request,
            is_logged: false,
        }
    }
}

/// A change that is under way.
#[derive(Debug)]
pub(crate) struct Begun<'a> {
    line: AuditLine,
    caller: &'a Caller,
    request: Option<RequestId>,
    is_logged: bool,
}

impl Begun<'_> {
    /// Logs the change with who asked and what came of it.
    pub(crate) fn end<T>(mut self, outcome: &Result<T, OperatorError>) {
        let result = match outcome {
            Ok(_) => "done".to_owned(),
            Err(error) => format!("{:?}: {error}", error.kind()),
        };
        self.log(&result);
    }

    fn log(&mut self, result: &str) {
        self.is_logged = true;
        tracing::info!(
            target: TARGET,
            request = self.request.map(tracing::field::display),
            verb = %self.line.verb,
            object = ?self.line.object,
            before = ?self.line.before,
            after = ?self.line.after,
            result,
            from = ?self.caller.from(),
            "an operator's change"
        );
    }
}

/// Whoever asked hung up: the command may be committed all the same.
impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.is_logged {
            self.log("Unknown: whoever asked did not wait for the answer");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;
    use std::sync::{Arc, Mutex, PoisonError};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    /// Keeps the results that are logged.
    #[derive(Clone, Default)]
    struct Results(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Results {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == TARGET
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    impl Visit for Results {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "result" {
                let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                results.push(format!("{value:?}"));
            }
        }
    }

    fn begun(caller: &Caller) -> Begun<'_> {
        let line = AuditLine {
            verb: "forward add".to_owned(),
            object: "tcp/2222".to_owned(),
            before: "none".to_owned(),
            after: "10.15.3.20:22".to_owned(),
        };
        line.begin(caller, None)
    }

    #[test]
    fn change_whose_caller_hung_up_is_logged_once_and_as_unknown() {
        let results = Results::default();
        tracing::subscriber::with_default(results.clone(), || {
            let caller = Caller::new("192.0.2.9:1");
            drop(begun(&caller));
            begun(&caller).end(&Ok::<_, OperatorError>(()));
        });
        let logged = results.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = [
            "\"Unknown: whoever asked did not wait for the answer\"",
            "\"done\"",
        ];
        assert_eq!(*logged, expected);
    }
}
