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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft_view::tests::Metrics;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tokio::time::advance;

    /// Counts ticks.
    #[derive(Default)]
    struct Ticks(AtomicU64);

    #[tonic::async_trait]
    impl CommitTick for Ticks {
        async fn commit_tick(&self) -> Result<(), String> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    /// How many ticks come within a minute where something is due in half of it.
    async fn ticks(leader: u64) -> u64 {
        let metrics = Metrics::empty();
        metrics.push(3, Some(leader), &[&[1, 2, 3]], 9);
        let clock = Arc::new(LeaderClock::default());
        clock.anchor(3, ClusterTime(1000));
        let ticks = Arc::new(Ticks::default());
        let (counted, due) = (Arc::clone(&ticks), Duration::from_secs(30));
        let due = ClusterTime(1000 + u64::try_from(due.as_millis()).unwrap_or_default());
        let ticker = Ticker {
            view: metrics.view.clone(),
            clock,
            // Nothing is due any more once the clock has moved.
            next_deadline: Box::new(move || (counted.0.load(Ordering::SeqCst) == 0).then_some(due)),
            commit: Arc::clone(&ticks) as _,
        };
        let (_applied, marks) = watch::channel(AppliedMark::default());
        let running = tokio::spawn(run(ticker, marks));
        tokio::task::yield_now().await;
        for _ in 0..60 {
            advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
        }
        running.abort();
        ticks.0.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn ticker_leader_ticks_once_when_due() {
        assert_eq!(ticks(1).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn ticker_follower_never_ticks() {
        assert_eq!(ticks(2).await, 0);
    }
}
