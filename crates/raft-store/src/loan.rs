//! Waiting until a Raft that was shut down is really gone.
//!
//! openraft's `shutdown` ends its core. Its state machine's task ends a little later, and applies what
//! it was told before: were another Raft started on the same state meanwhile, entries would be applied
//! twice (S8). So each Raft gets copies of log and state machine that carry a borrower, and whoever
//! starts the next one waits for the loan's end.

use tokio::sync::watch;

/// What was lent to one Raft.
#[derive(Debug)]
pub struct Loan(watch::Sender<()>);

/// Carried by what is lent. Dropped with it.
#[derive(Clone, Debug)]
pub(crate) struct Borrower(
    #[allow(dead_code, reason = "its end is the publisher")] watch::Receiver<()>,
);

impl Default for Loan {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Loan {
    pub(crate) fn borrower(&self) -> Borrower {
        Borrower(self.0.subscribe())
    }

    /// Returns when all that was lent is dropped. Cancel-safe.
    pub async fn returned(&self) {
        self.0.closed().await;
    }
}
