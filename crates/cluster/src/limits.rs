//! The budgets of the peer port, each with its unit (docs/limits.md; those of commands are in
//! [`ipam::budget`]).

use std::time::Duration;

/// The largest message of a peer, in bytes: an entry or a chunk of a snapshot, and what is around it.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// The largest message of the other calls than Append, Propose and a chunk of a snapshot, in bytes; and the
/// largest header of a snapshot.
pub const MAX_SMALL_MESSAGE_BYTES: usize = 64 * 1024;
/// The largest entry that is taken from a peer, in bytes: twice what a batch may have, half of a message.
pub const MAX_ENTRY_BYTES: usize = 2 * 1024 * 1024;
/// How many bytes of entries are sent in one message; but always one entry, which has 1 MiB at most.
pub const MAX_APPEND_BYTES: usize = 1024 * 1024;
/// The largest answer to Propose and to Explain, in bytes: of 256 commands, or of 64 packets. All others are
/// small messages.
pub const MAX_LONG_ANSWER_BYTES: usize = 256 * 1024;
/// The packets of a client in one answer. A DHCP server keeps fewer.
pub const MAX_SEEN_PACKETS: usize = 64;
/// What the members noted of each other's logs, in one message: of each by each other, twice.
pub const MAX_NOTES: usize = 512;
/// How much is kept of a text that a peer answered, in bytes, for the log and for people.
pub const MAX_TEXT_BYTES: usize = 512;
/// How much of a snapshot travels in one message, in bytes: no more than comes through the worst link within
/// [`SNAPSHOT_CHUNK_TIMEOUT`].
pub const SNAPSHOT_CHUNK_BYTES: usize = 64 * 1024;
/// The largest snapshot, in bytes: a /16 pool full of leases is about 10 MB.
pub const MAX_SNAPSHOT_BYTES: u64 = 256 * 1024 * 1024;
/// How long a snapshot's sender may take for one chunk.
pub const SNAPSHOT_CHUNK_TIMEOUT: Duration = Duration::from_secs(10);
/// How far behind 8 KiB for each second it may be at any time.
pub const SNAPSHOT_SLACK: Duration = Duration::from_secs(30);
/// How long it may take for all of them; longer if they are more than 8 KiB for each second of it.
pub const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(120);

/// How many connections to the peer port there may be. A cluster of 64 needs some 130.
pub const MAX_CONNECTIONS: usize = 512;
/// How many of them from one address (IPv6: from one /64).
pub const MAX_CONNECTIONS_OF_ADDRESS: usize = 64;
/// How many requests may be open on one connection (HTTP/2 streams).
pub const MAX_STREAMS: u32 = 64;
/// How many requests of one address (IPv6: of one /64), and of one certificate, are answered at once.
pub const MAX_REQUESTS_OF_ADDRESS: usize = 64;
/// How many requests are answered at once in all; from the half on, members' alone.
pub const MAX_REQUESTS: usize = 256;
/// How long nothing may come of a request that was begun; of a snapshot: until its header is here. With
/// profile lan.
pub const REQUEST_BEGINS: Duration = Duration::from_secs(1);
/// The same with profile metro.
pub const REQUEST_BEGINS_METRO: Duration = Duration::from_secs(2);
/// The same with profile wan, and at a node that has no cluster yet: TCP sends a lost segment again after a
/// second and more.
pub const REQUEST_BEGINS_WAN: Duration = Duration::from_secs(3);
/// How long nothing more may come of a request that has begun.
pub const REQUEST_IDLE: Duration = Duration::from_secs(10);
/// How long a request may take to come, but a snapshot; longer if it is more than 8 KiB for each second of it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Entries in one append. Peers of ours send 300 at most ([`crate::Snapshots::entries_per_append`]).
pub const MAX_ENTRIES: usize = 1024;
/// Commands in one append: 300 full batches.
pub const MAX_APPEND_COMMANDS: usize = 300 * ipam::budget::MAX_BATCH_COMMANDS;
/// Members that are named in one append: each membership entry names all of them.
pub const MAX_APPEND_MEMBERS: usize = MAX_ENTRIES * ipam::budget::MAX_NODES;
/// Members of lists in one call, at any depth: options, ranges, routes, names, ports, voters. None but a
/// voter takes fewer than 4 bytes, and voters come with longer members; a call of ours has 1 MiB of them.
pub const MAX_CALL_PARTS: usize = MAX_APPEND_BYTES / 4;
/// How long a connection may take to prove itself (TLS).
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long nothing may come on a connection. A peer of ours shows every 2 s that it is there.
pub const CONNECTION_IDLE: Duration = Duration::from_secs(15);
/// How often the other end of a quiet connection is asked whether it is there (HTTP/2 PING).
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// How long it may take to say so.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::bounds::{AHEAD, RATE};
    use crate::membership::MAX_JOINS;
    use crate::propose::{QUEUE_BYTES, QUEUE_COMMANDS};
    use crate::transport::term_raises;
    use ipam::Object as _;
    use ipam::budget;

    const TABLE: &str = include_str!("../../../docs/limits.md");

    /// What the table says of a constant.
    fn said(constant: &str) -> Option<u64> {
        let row = TABLE
            .lines()
            .find(|row| row.ends_with(&format!("| `{constant}` |")))?;
        row.split('|').nth(2)?.trim().parse().ok()
    }

    fn check(constants: &[(&str, u64)]) {
        for (constant, value) in constants {
            assert_eq!(said(constant), Some(*value), "{constant} in docs/limits.md");
        }
    }

    #[test]
    fn limits_table_equals_the_constants() {
        let size = |bytes: usize| bytes as u64;
        let replicated = [
            ("MAX_PEER_ADDRESS_BYTES", budget::MAX_PEER_ADDRESS_BYTES),
            ("MAX_DOMAIN_BYTES", budget::MAX_DOMAIN_BYTES),
            ("MAX_SEARCH_DOMAINS", budget::MAX_SEARCH_DOMAINS),
            ("MAX_SERVERS", budget::MAX_SERVERS),
            ("MAX_CLASSLESS_ROUTES", budget::MAX_CLASSLESS_ROUTES),
            ("MAX_EXCLUDED_RANGES", budget::MAX_EXCLUDED_RANGES),
            ("MAX_NODES", budget::MAX_NODES),
            ("MAX_SUBNETS", budget::MAX_SUBNETS),
            ("MAX_ORIGIN_BYTES", budget::MAX_ORIGIN_BYTES),
            ("MAX_COMMAND_BYTES", budget::MAX_COMMAND_BYTES),
            ("MAX_BATCH_COMMANDS", budget::MAX_BATCH_COMMANDS),
            ("MAX_BATCH_BYTES", budget::MAX_BATCH_BYTES),
        ];
        for (name, value) in replicated {
            check(&[(&format!("ipam::budget::{name}"), size(value))]);
        }
        check(&[
            (
                "ipam::HardwareAddress::MAX_BYTES",
                size(ipam::HardwareAddress::MAX_BYTES),
            ),
            (
                "ipam::ClientIdentifier::MAX_BYTES",
                size(ipam::ClientIdentifier::MAX_BYTES),
            ),
            ("ipam::Hostname::MAX_BYTES", size(ipam::Hostname::MAX_BYTES)),
            ("ipam::Forward::LIMIT", size(ipam::Forward::LIMIT)),
            ("ipam::Reservation::LIMIT", size(ipam::Reservation::LIMIT)),
            (
                "ipam::LeaseTimes::LONGEST",
                ipam::LeaseTimes::LONGEST.as_secs(),
            ),
            ("ipam::MAX_POOL_ADDRESSES", ipam::MAX_POOL_ADDRESSES),
            ("ipam::MAX_LISTENERS", size(ipam::MAX_LISTENERS)),
            ("ipam::MAX_HOST_ADDRESSES", size(ipam::MAX_HOST_ADDRESSES)),
            ("propose::QUEUE_COMMANDS", size(QUEUE_COMMANDS)),
            ("propose::QUEUE_BYTES", size(QUEUE_BYTES)),
        ]);
    }

    #[test]
    fn peer_port_limits_table_equals_the_constants() {
        let size = |bytes: usize| bytes as u64;
        check(&[
            ("limits::MAX_MESSAGE_BYTES", size(MAX_MESSAGE_BYTES)),
            (
                "limits::MAX_SMALL_MESSAGE_BYTES",
                size(MAX_SMALL_MESSAGE_BYTES),
            ),
            ("limits::MAX_LONG_ANSWER_BYTES", size(MAX_LONG_ANSWER_BYTES)),
            ("limits::MAX_SEEN_PACKETS", size(MAX_SEEN_PACKETS)),
            ("limits::MAX_NOTES", size(MAX_NOTES)),
            ("limits::MAX_TEXT_BYTES", size(MAX_TEXT_BYTES)),
            ("limits::REQUEST_BEGINS", REQUEST_BEGINS.as_secs()),
            (
                "limits::REQUEST_BEGINS_METRO",
                REQUEST_BEGINS_METRO.as_secs(),
            ),
            ("limits::REQUEST_BEGINS_WAN", REQUEST_BEGINS_WAN.as_secs()),
            ("limits::REQUEST_IDLE", REQUEST_IDLE.as_secs()),
            ("limits::REQUEST_TIMEOUT", REQUEST_TIMEOUT.as_secs()),
            ("limits::MAX_ENTRIES", size(MAX_ENTRIES)),
            ("limits::MAX_APPEND_COMMANDS", size(MAX_APPEND_COMMANDS)),
            ("limits::MAX_APPEND_MEMBERS", size(MAX_APPEND_MEMBERS)),
            ("limits::MAX_CALL_PARTS", size(MAX_CALL_PARTS)),
            ("limits::MAX_APPEND_BYTES", size(MAX_APPEND_BYTES)),
            ("limits::MAX_ENTRY_BYTES", size(MAX_ENTRY_BYTES)),
            ("limits::SNAPSHOT_CHUNK_BYTES", size(SNAPSHOT_CHUNK_BYTES)),
            ("limits::MAX_SNAPSHOT_BYTES", MAX_SNAPSHOT_BYTES),
            ("change_lock::MAX_JOINS", size(MAX_JOINS)),
            ("term_raises::MOST", u64::from(term_raises::MOST)),
            ("term_raises::WINDOW", term_raises::WINDOW.as_secs()),
            ("term_raises::SILENCE", term_raises::SILENCE.as_secs()),
            ("reach::AHEAD", AHEAD),
            ("reach::RATE", RATE),
            (
                "limits::SNAPSHOT_CHUNK_TIMEOUT",
                SNAPSHOT_CHUNK_TIMEOUT.as_secs(),
            ),
            ("limits::SNAPSHOT_SLACK", SNAPSHOT_SLACK.as_secs()),
            ("limits::SNAPSHOT_TIMEOUT", SNAPSHOT_TIMEOUT.as_secs()),
            ("limits::MAX_CONNECTIONS", size(MAX_CONNECTIONS)),
            (
                "limits::MAX_CONNECTIONS_OF_ADDRESS",
                size(MAX_CONNECTIONS_OF_ADDRESS),
            ),
            ("limits::MAX_STREAMS", u64::from(MAX_STREAMS)),
            (
                "limits::MAX_REQUESTS_OF_ADDRESS",
                size(MAX_REQUESTS_OF_ADDRESS),
            ),
            ("limits::MAX_REQUESTS", size(MAX_REQUESTS)),
            ("limits::HANDSHAKE_TIMEOUT", HANDSHAKE_TIMEOUT.as_secs()),
            ("limits::CONNECTION_IDLE", CONNECTION_IDLE.as_secs()),
            ("limits::KEEPALIVE_INTERVAL", KEEPALIVE_INTERVAL.as_secs()),
            ("limits::KEEPALIVE_TIMEOUT", KEEPALIVE_TIMEOUT.as_secs()),
        ]);
    }
}
