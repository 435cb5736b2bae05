//! The kinds of fault.

use crate::network::Host;
use std::fmt;
use std::time::Duration;

/// A kind of fault, for counting and for choosing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Hosts cannot reach each other.
    Partition,
    /// Loss, delay, duplication and reordering on all paths.
    BadWeather,
    /// The process of a node dies.
    ProcessDeath,
    /// The power of a node fails: what was not synced is lost, the last write perhaps torn.
    PowerCut,
    /// The power fails in the middle of what the disk is doing.
    PowerCutAtWrite,
    /// The power of all nodes fails at once.
    PowerCutOfAll,
    /// A disk has no space.
    DiskFull,
    /// A disk's syncs fail.
    FailingSync,
    /// A disk's syncs take long.
    SlowDisk,
    /// A process stands still, and then goes on.
    Pause,
    /// A node takes a snapshot.
    Snapshot,
    /// The leader hands over.
    LeaderTransfer,
    /// A node is removed, and comes back with an empty disk.
    Replacement,
    /// An operator changes reservations, forwards and leases.
    Operator,
    /// Somebody flushes a node's NAT rules.
    FlushedRules,
    /// A disk is again as it was before: what was synced since is gone.
    Rollback,
    /// An intruder with a proven identity sends every node what it must refuse.
    Intruder,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Partition,
        Self::BadWeather,
        Self::ProcessDeath,
        Self::PowerCut,
        Self::PowerCutAtWrite,
        Self::PowerCutOfAll,
        Self::DiskFull,
        Self::FailingSync,
        Self::SlowDisk,
        Self::Pause,
        Self::Snapshot,
        Self::LeaderTransfer,
        Self::Replacement,
        Self::Operator,
        Self::FlushedRules,
        Self::Intruder,
        Self::Rollback,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::BadWeather => "bad weather",
            Self::ProcessDeath => "process death",
            Self::PowerCut => "power cut",
            Self::PowerCutAtWrite => "power cut at a write",
            Self::PowerCutOfAll => "power cut of all",
            Self::DiskFull => "disk full",
            Self::FailingSync => "failing sync",
            Self::SlowDisk => "slow disk",
            Self::Pause => "pause",
            Self::Snapshot => "snapshot",
            Self::LeaderTransfer => "leader transfer",
            Self::Replacement => "replacement",
            Self::Operator => "operator",
            Self::FlushedRules => "flushed rules",
            Self::Intruder => "intruder",
            Self::Rollback => "rollback",
        }
    }
}

/// Which paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Between nodes.
    Peers,
    /// Between nodes and clients.
    Clients,
    /// Both: the hosts themselves.
    Both,
}

/// Which node; who leads is known only when the time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The leader, or this one if there is none.
    LeaderOr(Host),
    /// This one.
    Host(Host),
}

/// The shape of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One against the others.
    Alone(Who),
    /// These against the others.
    Group(Vec<Host>),
    /// The leader and as many as still are no majority, against the others.
    LeaderInMinority,
    /// Each reaches its neighbours in a ring only.
    Ring,
    /// Two groups that only this one reaches.
    Bridge(Host),
    /// What this one sends is lost, what it is sent arrives.
    Mute(Who),
    /// The other way round.
    Deaf(Who),
    /// Nothing gets from one to the other, in this direction.
    OneWay(Host, Host),
}

/// A fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Of which kind.
    pub kind: Kind,
    /// Where, as far as it matters.
    pub plane: Plane,
    /// Which shape, if it is a partition.
    pub shape: Shape,
    /// Whom.
    pub who: Who,
    /// How long.
    pub lasts: Duration,
    /// For whatever else there is to choose.
    pub seed: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.lasts.as_secs_f64();
        match self.kind {
            Kind::Partition => write!(
                f,
                "partition of {:?} for {seconds:.1} s: {:?}",
                self.plane, self.shape
            ),
            Kind::BadWeather => write!(f, "bad weather on {:?} for {seconds:.1} s", self.plane),
            Kind::PowerCutOfAll => write!(f, "power cut of all for {seconds:.1} s"),
            kind => write!(f, "{} at {:?} for {seconds:.1} s", kind.name(), self.who),
        }
    }
}
