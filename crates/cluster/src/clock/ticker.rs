//! The leader moves the clock when something is due to expire, and at no other time (contract T5).

use super::leader_clock::LeaderClock;
use crate::raft_view::RaftView;
use ipam::ClusterTime;
use raft_store::AppliedMark;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How soon a tick that could not be committed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// The longest wait without looking: nothing depends on it, a change of state wakes the ticker.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// When something next expires, by the state as it is applied here.
pub(crate) type NextDeadline = Box<dyn Fn() -> Option<ClusterTime> + Send + Sync>;

/// Who has a tick committed.
#[tonic::async_trait]
pub(crate) trait CommitTick: Send + Sync + 'static {
    /// Returns once it is, or says why it is not known to be.
    async fn commit_tick(&self) -> Result<(), String>;
}

/// What the ticker looks at.
pub(crate) struct Ticker {
    /// Whether this node leads.
    pub(crate) view: RaftView,
    /// What time it is, if it does.
    pub(crate) clock: Arc<LeaderClock>,
    /// When something is due.
    pub(crate) next_deadline: NextDeadline,
    /// Who commits a tick.
    pub(crate) commit: Arc<dyn CommitTick>,
}

/// Ticks until the node stops.
pub(crate) async fn run(ticker: Ticker, mut applied: watch::Receiver<AppliedMark>) {
    loop {
        let wait = match ticker.until_due() {
            Some(Duration::ZERO) => {
                match ticker.commit.commit_tick().await {
                    Ok(()) => continue,
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

impl Ticker {
    /// How long until something is due; `None` when this node does not lead, or nothing ever is.
    fn until_due(&self) -> Option<Duration> {
        let deadline = (self.next_deadline)()?;
        let now = self.clock.stamp(self.view.leading_term()?)?.time;
        Some(Duration::from_millis((deadline - now).0))
    }
}
