//! Parts of a node that must not end before it does.
//!
//! One that ends, by a bug or because what it listens to is gone, must not leave its last word
//! standing in the status.

use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

/// Runs a part, and says in the log and to `report` when it ends. Dropped with the node, it says
/// nothing.
pub(crate) async fn supervise(
    part: &str,
    run: impl Future<Output = ()>,
    report: impl FnOnce(String),
) {
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    let how = if ended.is_ok() {
        "has ended"
    } else {
        "has panicked"
    };
    let reason = format!("its {part} {how}: restart gatewayd");
    tracing::error!("{reason}");
    report(reason);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[tokio::test]
    async fn a_part_that_ends_or_panics_is_reported() {
        let reports = RefCell::new(Vec::new());
        let report = |reason| reports.borrow_mut().push(reason);
        supervise("part", async {}, report).await;
        supervise("part", async { panic!("a bug") }, report).await;
        let expected = ["its part has ended", "its part has panicked"];
        let expected = expected.map(|what| format!("{what}: restart gatewayd"));
        assert_eq!(reports.into_inner(), expected);
    }
}
