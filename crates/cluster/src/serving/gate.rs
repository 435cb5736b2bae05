//! The node's last decision whether it answers clients, and its age.

use super::decision::ServiceStatus;
use crate::lock::lock;
use crate::timing::SharedLimits;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::time::Instant;

/// The last decision. [`ServiceGate::now`] is what is left of it.
pub(crate) struct ServiceGate {
    status: watch::Sender<ServiceStatus>,
    decided_at: Mutex<Instant>,
    /// Which part of this node is gone, if one is.
    failed: watch::Sender<Option<String>>,
    stopping: AtomicBool,
    limits: SharedLimits,
}

impl ServiceGate {
    /// Of a node that starts.
    pub(crate) fn new(limits: SharedLimits) -> Self {
        Self {
            status: watch::Sender::new(ServiceStatus::silent("the node is starting")),
            decided_at: Mutex::new(Instant::now()),
            failed: watch::Sender::default(),
            stopping: AtomicBool::new(false),
            limits,
        }
    }

    /// Whether this node may answer clients now.
    pub(crate) fn now(&self) -> ServiceStatus {
        let age = lock(&self.decided_at).elapsed();
        let limits = self.limits.now();
        let round = limits.health_interval + limits.health_timeout;
        self.status.borrow().after(age, round)
    }

    /// The decisions, as they change.
    pub(crate) fn watch(&self) -> watch::Receiver<ServiceStatus> {
        self.status.subscribe()
    }

    /// Publishes a decision that was just made.
    pub(super) fn publish(&self, status: &ServiceStatus) {
        self.status.send_if_modified(|current| {
            let changed = current != status;
            if changed {
                log_change(current, status);
                current.clone_from(status);
            }
            changed
        });
        // Last: an old one must not look new in between.
        *lock(&self.decided_at) = Instant::now();
    }

    /// Takes this node out of service for good: a part of it is gone.
    pub(crate) fn fail(&self, reason: String) {
        tracing::error!("{reason}");
        self.status.send_replace(ServiceStatus::silent(&reason));
        // Others may end because this one has.
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            if first {
                *failed = Some(reason);
            }
            first
        });
    }

    /// News of parts that are gone.
    pub(crate) fn watch_failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.subscribe()
    }

    /// Which part of this node is gone, if one is.
    pub(crate) fn failed(&self) -> Option<String> {
        self.failed.borrow().clone()
    }

    /// The node stops.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.status
            .send_replace(ServiceStatus::silent("the node is stopping"));
    }

    /// Whether it does.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

fn log_change(before: &ServiceStatus, after: &ServiceStatus) {
    match &after.not_serving_reason {
        Some(reason) if before.not_serving_reason.as_ref() != Some(reason) => {
            tracing::warn!(%reason, "silent: this node does not answer DHCP clients");
        }
        None if !before.in_service() => {
            tracing::info!("in service: this node answers DHCP clients")
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timings;
    use crate::timing::Limits;
    use std::time::Duration;
    use tokio::time::advance;

    fn in_service() -> ServiceStatus {
        ServiceStatus {
            has_quorum: true,
            not_serving_reason: None,
            nodes_in_service: Vec::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn gate_decision_that_grew_old_is_silence() {
        let limits = SharedLimits::new(Limits::of(ipam::Profile::Lan, Timings::default()));
        let gate = ServiceGate::new(limits);
        assert!(!gate.now().in_service());
        gate.publish(&in_service());
        assert!(gate.now().in_service());
        advance(Duration::from_secs(2)).await;
        assert!(!gate.now().in_service());
        gate.publish(&in_service());
        assert!(gate.now().in_service(), "it was decided anew");
    }

    #[tokio::test(start_paused = true)]
    async fn gate_failed_names_the_first_part_that_is_gone() {
        let limits = SharedLimits::new(Limits::of(ipam::Profile::Lan, Timings::default()));
        let gate = ServiceGate::new(limits);
        gate.fail("its batcher has ended".to_owned());
        gate.fail("its clock has ended".to_owned());
        assert_eq!(gate.failed().as_deref(), Some("its batcher has ended"));
    }
}
