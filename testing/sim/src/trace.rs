//! What happened, in order: lines with the time of the run, and a digest over all of them.
//!
//! The digest is always taken, so that two runs can be compared; the lines are kept only when
//! somebody wants to read them.

use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A run's trace. Clones write into the same one.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    now: Duration,
    digest: Sha256,
    line: String,
    kept: Option<Vec<String>>,
}

impl Trace {
    /// One that keeps its lines.
    #[must_use]
    pub fn kept() -> Self {
        let written = Written {
            kept: Some(Vec::new()),
            ..Written::default()
        };
        Self(Arc::new(Mutex::new(written)))
    }

    /// Whether the lines are kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.lock().kept.is_some()
    }

    /// Moves the time that lines are written under.
    pub fn set_now(&self, now: Duration) {
        self.lock().now = now;
    }

    /// The time that lines are written under.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// Writes a line about `who`.
    pub fn note(&self, who: impl fmt::Display, what: fmt::Arguments<'_>) {
        let mut written = self.lock();
        let written = &mut *written;
        written.line.clear();
        let now = written.now.as_micros();
        let (seconds, micros) = (now / 1_000_000, now % 1_000_000);
        write!(written.line, "{seconds:>4}.{micros:06} {who:<5} {what}")
            .expect("writing into a string does not fail");
        written.digest.update(written.line.as_bytes());
        written.digest.update(b"\n");
        if let Some(kept) = &mut written.kept {
            kept.push(written.line.clone());
        }
    }

    /// Keeps a line that is for reading only: it has no part in the digest.
    pub fn remark(&self, what: fmt::Arguments<'_>) {
        let mut written = self.lock();
        if let Some(kept) = &mut written.kept {
            kept.push(format!("            log   {what}"));
        }
    }

    /// The digest of all lines so far, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = self.lock().digest.clone().finalize();
        digest.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing into a string does not fail");
            text
        })
    }

    /// The lines, if they are kept.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().kept.clone().unwrap_or_default()
    }

    /// Nothing that holds the lock is trusted to be whole after a panic, and a trace is for reading.
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
