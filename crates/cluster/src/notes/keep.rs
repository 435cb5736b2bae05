//! What was given to this node to keep goes to disk: when it has changed, once a second at most.

use super::Notes;
use raft_store::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long between two writes.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps until the node stops. What a power cut takes was noted less than a second before.
pub(crate) async fn run(notes: Arc<Notes>) {
    loop {
        sleep(EVERY).await;
        let Some(unsaved) = notes.kept.unsaved() else {
            continue;
        };
        match notes.inputs.book.save(unsaved).await {
            Ok(()) => {}
            // The data directory is closed, or the store has failed, which it says itself.
            Err(StoreError::WriterStopped) => return std::future::pending().await,
            Err(error) => {
                tracing::error!(%error, "the notes of other members could not be kept");
                // Raft, which may have nothing to write, does not know yet.
                drop(notes.failed.set(error.to_string()));
                return std::future::pending().await;
            }
        }
    }
}
