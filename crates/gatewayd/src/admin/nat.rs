//! NAT's status, which must not outlive what keeps it.

use natd::NatStatus;
use std::sync::OnceLock;
use tokio::sync::watch;

/// What is known of NAT on this node.
#[derive(Default)]
pub struct Nat {
    status: OnceLock<watch::Receiver<NatStatus>>,
    ended: OnceLock<String>,
}

impl Nat {
    /// NAT is up. The first call counts.
    pub fn set(&self, status: watch::Receiver<NatStatus>) {
        self.status.get_or_init(|| status);
    }

    /// A part of NAT has ended: the kernel keeps the rules that it has, and nobody looks at them any
    /// more. The first call counts.
    pub fn end(&self, reason: String) {
        self.ended.get_or_init(|| reason);
    }

    /// Its status, if this node does NAT.
    pub fn status(&self) -> Option<NatStatus> {
        let status = self.status.get()?.borrow().clone();
        Some(match self.ended.get() {
            None => status,
            Some(reason) => NatStatus {
                in_sync: false,
                last_error: Some(format!("NAT is not running: {reason}")),
                ..status
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_status_does_not_outlive_what_kept_it() {
        let nat = Nat::default();
        assert_eq!(nat.status(), None);
        let in_sync = NatStatus {
            in_sync: true,
            ..NatStatus::default()
        };
        let (sender, receiver) = watch::channel(in_sync.clone());
        nat.set(receiver);
        assert_eq!(nat.status(), Some(in_sync));
        drop(sender);
        nat.end("its NAT reconciler has panicked: restart gatewayd".to_owned());
        let status = nat.status().unwrap_or_default();
        assert!(!status.in_sync);
        let error = status.last_error.unwrap_or_default();
        assert!(error.starts_with("NAT is not running: "), "{error}");
    }
}
