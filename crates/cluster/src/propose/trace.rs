//! The span of a request: whatever this node says of one command is said in a span `request` with its id.
//!
//! The id comes with the command, from whichever node took the request. The spans have no parent, so it does not
//! matter in which task, and in whose span, a batch happens to be worked on.

use ipam::{RequestId, RequestedCommand};
use tracing::Span;

/// The span of `request`. Nothing is formatted unless somebody listens.
pub(super) fn span(request: RequestId) -> Span {
    tracing::debug_span!(parent: None, "request", %request)
}

/// Says the same of each command of a batch.
pub(super) fn each(commands: &[RequestedCommand], say: impl Fn()) {
    for command in commands {
        span(command.request).in_scope(&say);
    }
}
