//! What a run, or many, went through: so that we see that they exercise something.

use crate::disk::DiskCounters;
use crate::fault::Kind;
use crate::sometimes::{Row, Table, rows};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

dhcpd::labelled! {
    /// Something that must happen now and then, or the simulation proves little.
    pub enum Rare {
        /// Another node leads.
        LeaderChange => "leader change",
        /// Another node leads while an offer waits for its DHCPREQUEST.
        LeaderChangeWithOffer => "leader change with an offer outstanding",
        /// A node that is behind got a snapshot.
        SnapshotInstalled => "snapshot sent to a node that is behind",
        /// The same while five clients or more wanted an address.
        SnapshotInstalledInStorm => "the same during a storm of clients",
        /// A client asked to keep its lease within a second of its end.
        ExpiryRacingRenewal => "renewal within a second of expiry",
        /// A lease ran out at a client.
        LeaseExpired => "lease ran out at its client",
        /// A DHCPNAK reached a client.
        NakReceived => "NAK received",
        /// A client's lease was extended by another node than before.
        ReboundElsewhere => "lease extended by another node",
        /// A client came back and got the address that it had.
        CameBack => "client came back to its address",
        /// An address went from one client to another.
        AddressReused => "address went to another client",
        /// A client declined.
        Declined => "decline",
        /// A client released.
        Released => "release",
        /// Nobody answered a client.
        GaveUp => "client gave up",
        /// A node lost something that was written and not synced.
        CrashBetweenWriteAndSync => "crash between write and sync",
        /// The last write of a file survived in part.
        TornWrite => "torn write",
        /// A node stopped because its disk failed.
        StorageFailed => "node stopped by its disk",
        /// All nodes were down at once.
        AllDown => "all nodes down",
        /// No node led for a second or more.
        LongWithoutLeader => "no leader for a second or more",
        /// A node was removed and added again.
        Replaced => "node removed and added again empty",
        /// A reply reached a client that had moved to another host.
        Moved => "client moved to another host",
        /// A copy of a RELEASE came after its client had come back.
        ReleaseCopied => "copy of a RELEASE after its client came back",
        /// A client that nobody knew came while nothing was wrong.
        NewcomerInPeace => "new client in peace",
        /// The leader alone was lost while nothing else was wrong.
        LeaderLostInPeace => "leader lost in peace",
        /// A follower alone was lost while nothing else was wrong.
        FollowerLostInPeace => "follower lost in peace",
        /// Only a core was whole: a minority stayed broken for as long as it liked.
        CoreAlone => "minority broken for good",
        /// A newcomer's listen IP was refused, because another node has it.
        ListenIpRefused => "taken listen IP refused to a newcomer",
        /// A node that was catching up was cut off, or lost its power.
        NewcomerInterrupted => "newcomer interrupted while it catches up",
        /// A node started on a disk that had gone back.
        RolledBack => "node started on a disk that went back",
        /// The leader died then, and some others had nothing of what was forgotten.
        LeaderLostBehindRollback => "leader lost behind a disk that went back",
        /// A node was started at another peer address.
        PeerMoved => "node started at another peer address",
        /// It had belonged to a node of the other cluster.
        TookOverAddress => "address taken over from another cluster's node",
        /// Its configuration was refused, and it did not start.
        ConfigurationRefused => "wrong configuration refused",
        /// A node that was to found a cluster without its data found that there is one.
        SecondBootstrapRefused => "second bootstrap refused",
        /// A node called one of the other cluster.
        CalledOtherCluster => "call between clusters refused",
        /// A node answered a client behind a relay agent that knows no other.
        Relayed => "reply through a relay agent",
        /// A client of the other cluster got its address.
        OtherClusterServed => "other cluster served its own client",
    }
}

/// Counts over one run or many.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Runs.
    pub seeds: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// DHCPACKs that reached clients.
    pub acks: u64,
    /// Datagrams that clients sent.
    pub requests: u64,
    /// Log entries that were committed.
    pub entries: u64,
    /// Requests between nodes.
    pub calls: u64,
    /// What was seen that must be seen sometimes.
    seen: BTreeMap<Row, u64>,
}

impl Stats {
    /// Counts a fault.
    pub fn fault(&mut self, kind: Kind) {
        let (table, name) = (Table::Fault, kind.name());
        self.note(Row { table, name }, 1);
    }

    /// Counts a rare event.
    pub fn rare(&mut self, rare: Rare, times: u64) {
        let (table, name) = (Table::Rare, rare.name());
        self.note(Row { table, name }, times);
    }

    /// Counts what happened on a disk.
    pub fn disk(&mut self, counters: &DiskCounters) {
        self.rare(
            Rare::CrashBetweenWriteAndSync,
            counters.ends_between_write_and_sync,
        );
        self.rare(Rare::TornWrite, counters.torn_writes);
    }

    /// Counts anything else.
    pub fn note(&mut self, row: Row, times: u64) {
        *self.seen.entry(row).or_default() += times;
    }

    /// How often this was seen.
    #[must_use]
    pub fn seen(&self, row: Row) -> u64 {
        self.seen.get(&row).copied().unwrap_or(0)
    }

    /// How many faults there were.
    #[must_use]
    pub fn faults(&self) -> u64 {
        let seen = self.seen.iter();
        let faults = seen.filter(|(row, _)| row.table == Table::Fault);
        faults.map(|(_, count)| count).sum()
    }

    /// As a report for programs.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut sometimes: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for row in rows() {
            let table = sometimes.entry(row.table.name()).or_default();
            table.insert(row.name, self.seen(row));
        }
        Summary {
            seeds: self.seeds,
            simulated_seconds: self.simulated.as_secs(),
            acks: self.acks,
            requests: self.requests,
            entries: self.entries,
            calls: self.calls,
            sometimes,
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
        for (row, count) in &other.seen {
            self.note(*row, *count);
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
    /// By table and name.
    sometimes: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}
