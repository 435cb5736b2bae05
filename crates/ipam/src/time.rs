//! The cluster clock: a number in the replicated state, moved only by log entries (contract T1).

use core::fmt;
use core::ops::{Add, Sub};

/// A point on the cluster clock, in milliseconds since the cluster was bootstrapped.
///
/// It is *not* a wall-clock time and it never runs faster than real time (contract T2): while
/// there is no leader it stands still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterTime(pub u64);

/// A length of time on the cluster clock, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// The leader's stamp on a batch: which term it led when it read its clock, and what it read.
///
/// The term travels with the time because a leader may stamp a batch, lose its leadership, win it
/// back and only then append. Such a stamp was measured from an anchor of an older term, in which
/// another leader may since have moved the clock more slowly; taken at its word it would make the
/// clock run faster than real time. `apply` refuses a batch whose stamp is of another term than the
/// entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The term in which the leader took the stamp.
    pub term: u64,
    /// The leader's reading of the cluster clock.
    pub time: ClusterTime,
}

impl Span {
    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }
}

impl Add<Span> for ClusterTime {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for ClusterTime {
    type Output = Span;

    /// The span between two points; zero when `earlier` is in fact later.
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for ClusterTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1000, self.0 % 1000)
    }
}
