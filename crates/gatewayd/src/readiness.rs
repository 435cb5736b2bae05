//! Tells systemd when operators can ask this node, and when it stops (`Type=notify`).
//!
//! Ready means that the admin port answers, not that the node is in service: a cold start must not be
//! killed before a quorum forms. Without systemd, nothing happens.

use sd_notify::NotifyState;

/// The admin port answers.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// The node stops as asked.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd was not told of a change: NOTIFY_SOCKET");
    }
}
