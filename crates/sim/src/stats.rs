//! What a run, or many, went through: so that we see that they exercise something.

use crate::disk::DiskCounters;
use crate::fault::Kind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

/// Something that must happen now and then, or the simulation proves little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rare {
    /// Another node leads.
    LeaderChange,
    /// Another node leads while an offer waits for its DHCPREQUEST.
    LeaderChangeWithOffer,
    /// A node that is behind got a snapshot.
    SnapshotInstalled,
    /// The same while five clients or more wanted an address.
    SnapshotInstalledInStorm,
    /// A client asked to keep its lease within a second of its end.
    ExpiryRacingRenewal,
    /// A lease ran out at a client.
    LeaseExpired,
    /// A DHCPNAK reached a client.
    NakReceived,
    /// A client's lease was extended by another node than before.
    ReboundElsewhere,
    /// A client came back and got the address that it had.
    CameBack,
    /// An address went from one client to another.
    AddressReused,
    /// A client declined.
    Declined,
    /// A client released.
    Released,
    /// Nobody answered a client.
    GaveUp,
    /// A node lost something that was written and not synced.
    CrashBetweenWriteAndSync,
    /// The last write of a file survived in part.
    TornWrite,
    /// A node stopped because its disk failed.
    StorageFailed,
    /// All nodes were down at once.
    AllDown,
    /// No node led for a second or more.
    LongWithoutLeader,
    /// A node was removed and added again.
    Replaced,
    /// A reply reached a client that had moved to another host.
    Moved,
    /// A copy of a RELEASE came after its client had come back.
    ReleaseCopied,
    /// A client that nobody knew came while nothing was wrong.
    NewcomerInPeace,
    /// The leader alone was lost while nothing else was wrong.
    LeaderLostInPeace,
    /// A follower alone was lost while nothing else was wrong.
    FollowerLostInPeace,
    /// Only a core was whole: a minority stayed broken for as long as it liked.
    CoreAlone,
    /// A newcomer's listen IP was refused, because another node has it.
    ListenIpRefused,
    /// A node that was catching up was cut off, or lost its power.
    NewcomerInterrupted,
    /// A node started on a disk that had gone back.
    RolledBack,
    /// The leader died then, and some others had nothing of what was forgotten.
    LeaderLostBehindRollback,
}

impl Rare {
    /// All of them.
    pub const ALL: [Self; 29] = [
        Self::LeaderChange,
        Self::LeaderChangeWithOffer,
        Self::SnapshotInstalled,
        Self::SnapshotInstalledInStorm,
        Self::ExpiryRacingRenewal,
        Self::LeaseExpired,
        Self::NakReceived,
        Self::ReboundElsewhere,
        Self::CameBack,
        Self::AddressReused,
        Self::Declined,
        Self::Released,
        Self::GaveUp,
        Self::CrashBetweenWriteAndSync,
        Self::TornWrite,
        Self::StorageFailed,
        Self::AllDown,
        Self::LongWithoutLeader,
        Self::Replaced,
        Self::Moved,
        Self::ReleaseCopied,
        Self::NewcomerInPeace,
        Self::LeaderLostInPeace,
        Self::FollowerLostInPeace,
        Self::CoreAlone,
        Self::ListenIpRefused,
        Self::NewcomerInterrupted,
        Self::RolledBack,
        Self::LeaderLostBehindRollback,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeaderChange => "leader change",
            Self::LeaderChangeWithOffer => "leader change with an offer outstanding",
            Self::SnapshotInstalled => "snapshot sent to a node that is behind",
            Self::SnapshotInstalledInStorm => "the same during a storm of clients",
            Self::ExpiryRacingRenewal => "renewal within a second of expiry",
            Self::LeaseExpired => "lease ran out at its client",
            Self::NakReceived => "NAK received",
            Self::ReboundElsewhere => "lease extended by another node",
            Self::CameBack => "client came back to its address",
            Self::AddressReused => "address went to another client",
            Self::Declined => "decline",
            Self::Released => "release",
            Self::GaveUp => "client gave up",
            Self::CrashBetweenWriteAndSync => "crash between write and sync",
            Self::TornWrite => "torn write",
            Self::StorageFailed => "node stopped by its disk",
            Self::AllDown => "all nodes down",
            Self::LongWithoutLeader => "no leader for a second or more",
            Self::Replaced => "node removed and added again empty",
            Self::Moved => "client moved to another host",
            Self::ReleaseCopied => "copy of a RELEASE after its client came back",
            Self::NewcomerInPeace => "new client in peace",
            Self::LeaderLostInPeace => "leader lost in peace",
            Self::FollowerLostInPeace => "follower lost in peace",
            Self::CoreAlone => "minority broken for good",
            Self::ListenIpRefused => "taken listen IP refused to a newcomer",
            Self::NewcomerInterrupted => "newcomer interrupted while it catches up",
            Self::RolledBack => "node started on a disk that went back",
            Self::LeaderLostBehindRollback => "leader lost behind a disk that went back",
        }
    }
}

/// Counts over one run or many.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Runs.
    pub seeds: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Faults by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// Rare events.
    pub rare: BTreeMap<Rare, u64>,
    /// DHCPACKs that reached clients.
    pub acks: u64,
    /// Datagrams that clients sent.
    pub requests: u64,
    /// Log entries that were committed.
    pub entries: u64,
    /// Requests between nodes.
    pub calls: u64,
}

impl Stats {
    /// Counts a fault.
    pub fn fault(&mut self, kind: Kind) {
        *self.faults.entry(kind).or_default() += 1;
    }

    /// Counts a rare event.
    pub fn rare(&mut self, rare: Rare, times: u64) {
        *self.rare.entry(rare).or_default() += times;
    }

    /// Counts what happened on a disk.
    pub fn disk(&mut self, counters: &DiskCounters) {
        self.rare(
            Rare::CrashBetweenWriteAndSync,
            counters.ends_between_write_and_sync,
        );
        self.rare(Rare::TornWrite, counters.torn_writes);
    }

    /// As a report for programs.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let named = |name: &'static str, count: Option<&u64>| (name, count.copied().unwrap_or(0));
        Summary {
            seeds: self.seeds,
            simulated_seconds: self.simulated.as_secs(),
            acks: self.acks,
            requests: self.requests,
            entries: self.entries,
            calls: self.calls,
            faults: Kind::ALL
                .map(|kind| named(kind.name(), self.faults.get(&kind)))
                .into(),
            coverage: Rare::ALL
                .map(|rare| named(rare.name(), self.rare.get(&rare)))
                .into(),
        }
    }
}

impl AddAssign<&Self> for Stats {
    fn add_assign(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.simulated += other.simulated;
        self.acks += other.acks;
        self.requests += other.requests;
        self.entries += other.entries;
        self.calls += other.calls;
        for (kind, count) in &other.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
        for (rare, count) in &other.rare {
            self.rare(*rare, *count);
        }
    }
}

/// [`Stats`] for programs.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    seeds: u64,
    simulated_seconds: u64,
    acks: u64,
    requests: u64,
    entries: u64,
    calls: u64,
    faults: BTreeMap<&'static str, u64>,
    coverage: BTreeMap<&'static str, u64>,
}
