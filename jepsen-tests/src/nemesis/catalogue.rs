//! The nemeses by name.

use std::ops::Range;

use clap::ValueEnum;
use lab::fault::WayOut;
use lab::gateway::GatewayConfig;

use super::clock::ClockSteps;
use super::disk::{Disk, DiskFault, PowerCut};
use super::guest::{Copy, ForeignCluster};
use super::host::{FlushRuleset, ListenIp};
use super::log::{Log, LogFault};
use super::membership::Membership;
use super::moved::Moved;
use super::network::{Network, NetworkFault};
use super::process::{OneDown, RestartAll};
use super::rollback::Rollback;
use super::two::TwoAtOnce;
use super::way_out::Blocked;
use super::wipe::Wipe;
use super::{Nemesis, Times};

/// How long a node is away where the others must take over: longer than the eight seconds that L3 gives them,
/// so that the fault does not heal before anything is due.
const TAKEN_OVER_MS: Range<u64> = 9_000..12_000;
/// How long a node is cut off, or removed, that must fall silent: longer than the five seconds that L2 gives it.
const CUT_OFF_MS: Range<u64> = 6_000..12_000;

/// How long clients have no way out: longer than ST4 gives a node's status to say so.
const KNOWN_MS: Range<u64> = 10_000..14_000;

/// The ways in which an uplink fails.
const UPLINK: &[WayOut] = &[
    WayOut::UplinkGone,
    WayOut::UplinkRenamed,
    WayOut::UplinkWithoutAddress,
];
/// The interfaces that can stop to forward.
const FORWARDING: &[WayOut] = &[WayOut::UplinkDoesNotForward, WayOut::BridgeDoesNotForward];

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum NemesisKind {
    /// SIGKILL of the leader, a follower or any node; then a start
    Kill,
    /// SIGSTOP of one node; then SIGCONT
    Pause,
    /// SIGKILL of all nodes at once; then a start of all
    RestartAll,
    /// A host is cut off: peers and overlay
    Partition,
    /// A host hears the others and is not heard, or the other way round
    PartitionOneWay,
    /// A node is cut off from its peers; its clients' network works
    PartitionRaft,
    /// A host is cut off the overlay; the peers' network works
    PartitionDhcp,
    /// The leader is cut off from its peers
    IsolateLeader,
    /// Frames between hosts are lost by lot
    Loss,
    /// A host's link is slower than what it has to carry: frames wait, up to 0.4 s, and are lost
    Delay,
    /// One node's wall clock is stepped, ahead and back, up to an hour
    Clock,
    /// One node's disk is full
    DiskFull,
    /// One node's disk fails to sync
    FsyncFail,
    /// One node's disk is slow
    SlowDisk,
    /// The power of one node goes: what was not synced is lost
    PowerCut,
    /// The power of all nodes goes at once
    PowerCutAll,
    /// `nft flush ruleset` on a host
    FlushRuleset,
    /// A node's listen IP is taken away, and put back
    ListenIp,
    /// A node is removed, emptied and added again
    Membership,
    /// A node's data directory is put back to an older copy while it is stopped
    Rollback,
    /// A second daemon runs from a copy of a node's directory, on a host of its own
    Copy,
    /// A node's directory is empty; at the end it is replaced
    Wipe,
    /// The same, and the flag of the first start is left on
    BootstrapLeftOn,
    /// A node comes back with another peer address
    Moved,
    /// A host's uplink is gone, has another name or no address
    Uplink,
    /// Somebody else's chain drops what a host forwards
    ForeignFirewall,
    /// Forwarding is off at one interface of a host
    ForwardingOff,
    /// Whoever reads a node's log goes away
    LogReader,
    /// A node's log and standard output go to /dev/full
    LogFull,
    /// A node of another cluster calls on this one's peers
    ForeignCluster,
    /// Two others, on two nodes
    TwoAtOnce,
}

impl NemesisKind {
    /// Its name on the command line and in the history.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// How the nodes must be set up for it.
    pub fn configure(self, config: GatewayConfig) -> GatewayConfig {
        match self {
            Self::Clock => config.steppable_clock(),
            Self::DiskFull
            | Self::FsyncFail
            | Self::SlowDisk
            | Self::PowerCut
            | Self::PowerCutAll => config.faulty_disk(),
            _ => config,
        }
    }

    /// When it strikes.
    pub fn times(self) -> Times {
        match self {
            Self::RestartAll | Self::PowerCutAll => Times::new(3_000..7_000, 300..3_000),
            Self::FlushRuleset => Times::new(1_000..3_000, 100..200),
            Self::Membership => Times::new(2_000..4_000, CUT_OFF_MS),
            // A replacement, or a disk that is filled again, is to be over before the next one.
            Self::Wipe | Self::BootstrapLeftOn | Self::Rollback | Self::Copy => {
                Times::new(6_000..9_000, CUT_OFF_MS)
            }
            Self::Uplink | Self::ForeignFirewall | Self::ForwardingOff => {
                Times::new(2_000..5_000, KNOWN_MS)
            }
            Self::TwoAtOnce => Times::new(4_000..8_000, TAKEN_OVER_MS),
            Self::Clock => Times::new(1_000..2_000, 1_000..5_000),
            Self::Kill
            | Self::Pause
            | Self::PartitionRaft
            | Self::IsolateLeader
            | Self::Moved
            | Self::LogReader
            | Self::LogFull
            | Self::ForeignCluster => Times::new(1_500..4_500, TAKEN_OVER_MS),
            Self::Partition | Self::PartitionOneWay => Times::new(1_500..4_500, CUT_OFF_MS),
            _ => Times::new(1_500..4_500, 2_000..7_000),
        }
    }

    /// One that has done nothing yet.
    pub fn nemesis(self) -> Box<dyn Nemesis> {
        let network = |fault| -> Box<dyn Nemesis> { Box::new(Network::new(fault)) };
        match self {
            Self::Kill => Box::new(OneDown::killed()),
            Self::Pause => Box::new(OneDown::frozen()),
            Self::RestartAll => Box::new(RestartAll),
            Self::Partition => network(NetworkFault::Host),
            Self::PartitionOneWay => network(NetworkFault::OneWay),
            Self::PartitionRaft => network(NetworkFault::Raft),
            Self::PartitionDhcp => network(NetworkFault::Overlay),
            Self::IsolateLeader => network(NetworkFault::Leader),
            Self::Loss => network(NetworkFault::Loss),
            Self::Delay => network(NetworkFault::Slow),
            Self::Clock => Box::new(ClockSteps::default()),
            Self::DiskFull => Box::new(Disk::new(DiskFault::Full)),
            Self::FsyncFail => Box::new(Disk::new(DiskFault::FailedSync)),
            Self::SlowDisk => Box::new(Disk::new(DiskFault::Slow)),
            Self::PowerCut => Box::new(PowerCut::new(false)),
            Self::PowerCutAll => Box::new(PowerCut::new(true)),
            Self::FlushRuleset => Box::new(FlushRuleset::default()),
            Self::ListenIp => Box::new(ListenIp::default()),
            Self::Membership => Box::new(Membership::default()),
            Self::Rollback => Box::new(Rollback::default()),
            Self::Copy => Box::new(Copy::default()),
            Self::Wipe => Box::new(Wipe::with(&[])),
            Self::BootstrapLeftOn => Box::new(Wipe::with(&["--bootstrap"])),
            Self::Moved => Box::new(Moved::default()),
            Self::Uplink => Box::new(Blocked::by(UPLINK)),
            Self::ForeignFirewall => Box::new(Blocked::by(&[WayOut::ForeignFirewall])),
            Self::ForwardingOff => Box::new(Blocked::by(FORWARDING)),
            Self::LogReader => Box::new(Log::new(LogFault::ReaderGone)),
            Self::LogFull => Box::new(Log::new(LogFault::Full)),
            Self::ForeignCluster => Box::new(ForeignCluster::default()),
            Self::TwoAtOnce => Box::new(TwoAtOnce::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else ST2 takes what a node says of it for a lie.
    #[test]
    fn the_checkers_know_what_each_nemesis_does() {
        for kind in NemesisKind::value_variants() {
            let name = kind.name();
            assert!(jepsen_tests::check::troubles_of(&name).is_some(), "{name}");
        }
    }
}
