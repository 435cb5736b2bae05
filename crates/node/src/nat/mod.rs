//! NAT of a node: natd, fed with the replicated intent and with what the host is, and its status, which must not
//! outlive what keeps it.

mod start;

pub(crate) use start::start;

use natd::NatStatus;
use std::sync::OnceLock;
use tokio::sync::watch;

/// What is known of NAT on this node.
#[derive(Default)]
pub(crate) struct Nat {
    sources: OnceLock<Sources>,
    noted: OnceLock<String>,
    ended: OnceLock<String>,
}

/// What keeps saying it.
struct Sources {
    status: watch::Receiver<NatStatus>,
    /// What is wrong with the host around it.
    problems: watch::Receiver<Vec<String>>,
}

impl Nat {
    /// NAT is up. The first call counts.
    fn set(&self, status: watch::Receiver<NatStatus>, problems: watch::Receiver<Vec<String>>) {
        self.sources.get_or_init(|| Sources { status, problems });
    }

    /// A problem that stays until the configuration changes. The first counts.
    pub(crate) fn note(&self, problem: String) {
        tracing::warn!("{problem}");
        self.noted.get_or_init(|| problem);
    }

    /// A part of NAT has ended: the kernel keeps the rules that it has, and nobody looks at them any
    /// more. The first call counts.
    fn end(&self, reason: String) {
        self.ended.get_or_init(|| reason);
    }

    /// Its status, once it is up.
    pub(crate) fn status(&self) -> Option<NatStatus> {
        let sources = self.sources.get()?;
        let mut status = sources.status.borrow().clone();
        if let Some(reason) = self.ended.get() {
            status.in_sync = false;
            status.last_error = Some(format!("NAT is not running: {reason}"));
        }
        let errors = [&status.last_error, &status.plan_error];
        let errors = errors.into_iter().flatten();
        let mut problems: Vec<String> = errors
            .map(|error| format!("NAT is out of sync: {error}: see gatewayd's log"))
            .collect();
        problems.append(&mut status.problems);
        problems.extend(self.noted.get().cloned());
        problems.extend_from_slice(&sources.problems.borrow());
        status.problems = problems;
        Some(status)
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
        let (_, problems) = watch::channel(vec!["the uplink is gone: plug it in".to_owned()]);
        nat.set(receiver, problems);
        let first = nat.status().unwrap_or_default();
        assert!(first.in_sync);
        assert_eq!(first.problems, ["the uplink is gone: plug it in"]);
        drop(sender);
        nat.end("its NAT reconciler has panicked: restart gatewayd".to_owned());
        let status = nat.status().unwrap_or_default();
        assert!(!status.in_sync);
        let error = status.last_error.unwrap_or_default();
        assert!(error.starts_with("NAT is not running: "), "{error}");
        assert_eq!(status.problems.len(), 2, "{:?}", status.problems);
    }
}
