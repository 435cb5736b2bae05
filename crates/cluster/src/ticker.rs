//! The leader moves the clock when something is due to expire, and at no other time (contract T5).

use crate::node::Inner;
use ipam::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How soon a tick that could not be committed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// The longest wait without looking: nothing depends on it, a change of state wakes the ticker.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Ticks until the node stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut applied = inner.reader.marks();
    loop {
        let wait = match until_due(&inner) {
            Some(Duration::ZERO) => {
                match inner.proposer.propose(Command::Tick).await {
                    Ok(_) => continue,
                    Err(error) => tracing::debug!(%error, "the clock could not be moved"),
                }
                RETRY
            }
            Some(wait) => wait.min(LONGEST_WAIT),
            None => RETRY,
        };
        // Whatever ends first: the wait, or a change of what is due.
        if let Ok(Err(_)) = timeout(wait, applied.changed()).await {
            return;
        }
    }
}

/// How long until something is due; `None` when this node does not lead, or nothing ever is.
fn until_due(inner: &Inner) -> Option<Duration> {
    let deadline = inner.reader.with(|applied| applied.state.next_deadline())?;
    let now = inner.clock.stamp(inner.leading_term()?)?.time;
    Some(Duration::from_millis((deadline - now).0))
}
