//! The kinds of fault.

use crate::network::Host;
use std::fmt;
use std::time::Duration;

dhcpd::labelled! {
    /// A kind of fault, for counting and for choosing.
    pub enum Kind {
        /// Hosts cannot reach each other.
        Partition => "partition",
        /// Loss, delay, duplication and reordering on all paths.
        BadWeather => "bad weather",
        /// The process of a node dies.
        ProcessDeath => "process death",
        /// The power of a node fails: what was not synced is lost, the last write perhaps torn.
        PowerCut => "power cut",
        /// The power fails in the middle of what the disk is doing.
        PowerCutAtWrite => "power cut at a write",
        /// The power of all nodes fails at once.
        PowerCutOfAll => "power cut of all",
        /// A disk has no space.
        DiskFull => "disk full",
        /// A disk's syncs fail.
        FailingSync => "failing sync",
        /// A disk's syncs take long.
        SlowDisk => "slow disk",
        /// A process stands still, and then goes on.
        Pause => "pause",
        /// A node takes a snapshot.
        Snapshot => "snapshot",
        /// The leader hands over.
        LeaderTransfer => "leader transfer",
        /// A node is removed, and comes back with an empty disk.
        Replacement => "replacement",
        /// An operator changes reservations, forwards and leases.
        Operator => "operator",
        /// Somebody flushes a node's NAT rules.
        FlushedRules => "flushed rules",
        /// A disk is again as it was before: what was synced since is gone.
        Rollback => "rollback",
        /// An intruder with a proven identity sends every node what it must refuse.
        Intruder => "intruder",
        /// A host's port on the clients' link takes nothing that its node sends: no reply, no probe.
        FailingPort => "failing port",
        /// A node is started with another address, flag or configuration.
        Reconfigured => "restart with another configuration",
        /// A node of the other cluster moves, or is told our addresses.
        OtherCluster => "doings of another cluster",
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
