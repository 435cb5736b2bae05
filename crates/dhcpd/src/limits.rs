//! Every limit of this crate, with its unit and its reason (house rule 9).

use ipam::Span;
use std::time::Duration;

/// Fixed fields (236) and the magic cookie (4): RFC 2131 §2. In bytes.
pub const MIN_MESSAGE_BYTES: usize = 240;
/// What fits an unfragmented Ethernet datagram: 1500 less 20 (IP) and 8 (UDP). In bytes.
pub const MAX_MESSAGE_BYTES: usize = 1472;
/// A receive buffer one byte larger than the largest message, so that a larger one shows. In bytes.
pub const RECEIVE_BUFFER_BYTES: usize = MAX_MESSAGE_BYTES + 1;
/// Option instances in one message; real clients send fewer than 20.
pub const MAX_OPTIONS: usize = 128;

/// BOOTP's smallest message; some relays and clients drop shorter ones (RFC 951, RFC 1542 §2.1).
/// In bytes.
pub const MIN_REPLY_BYTES: usize = 300;
/// What every client must accept, as an IP datagram (RFC 2131 §2, RFC 2132 §9.10). In bytes.
pub const MIN_MAX_MESSAGE_SIZE: u16 = 576;
/// The largest IP datagram we build, whatever option 57 allows: no reply is fragmented. In bytes.
pub const MAX_MAX_MESSAGE_SIZE: u16 = 1500;
/// IP and UDP headers, which option 57 counts. In bytes.
pub const IP_UDP_HEADER_BYTES: usize = 28;

/// A reply that is ready later than this after its request's arrival is dropped (T6). The first
/// retransmission comes after 4 ± 1 s (RFC 2131 §4.1), udhcpc's after 3 s. A client that
/// retransmits may count its lease from the later copy, so a late answer to the earlier one would
/// eat into the reclaim grace (T4); this bound keeps that at 3 s of at least 10.
pub const REPLY_DEADLINE: Duration = Duration::from_secs(3);

/// How long an address must still be held for a client, by its lease or by an earlier offer, to be offered
/// without a commit (L4): its DHCPREQUEST may be lost once, and the next copy comes 4 ± 1 s later
/// (RFC 2131 §4.1). What is held for less is held anew, by a commit.
pub const HELD_FOR_REQUEST: Duration = Duration::from_secs(10);

/// How long a client's giving up (DHCPRELEASE, DHCPDECLINE) is waited for at most. The cluster itself
/// tries no command for longer than 2.5 s; one that is not done by then is lost, and the lease ends in
/// its time. So this bounds only a [`crate::LeaseService`] that does not answer.
pub const GIVE_UP_DEADLINE: Duration = Duration::from_secs(5);

/// Packets being answered at once. Each waits for a commit and holds about 2 kB.
pub const MAX_IN_FLIGHT: usize = 2048;
/// Clients whose recent packets are remembered (retries, budgets). About 300 bytes each, 1,050 with all its RELEASEs.
pub const MAX_REMEMBERED_CLIENTS: usize = 16_384;
/// A client not heard of for this long starts afresh: longer than the longest pause between two
/// retransmissions, 64 ± 1 s (RFC 2131 §4.1).
pub const ATTEMPT_WINDOW: Duration = Duration::from_secs(90);
/// Copies closer than this are the network's, not the client's: no client retries faster.
pub const MIN_RETRY_GAP: Duration = Duration::from_millis(500);
/// A client that says `secs` ≥ this × rank has evidently not been served. This matters only to a node that
/// missed the earlier copies, because it restarted; others have counted them. 8 s is past the
/// first retransmission (4 ± 1 s) and before the third, and above the small values that some
/// clients send in their first packet.
pub const SECS_PER_RANK: u16 = 8;

/// Copies of a DHCPRELEASE are the network's for so long: RFC 2131 §4.4.4 has it sent once.
pub const RELEASE_COPIED_FOR: Duration = Duration::from_secs(10);
/// So many RELEASEs of one client are remembered for that long: who gets an address and gives it back takes two commands
/// at least, and its own budget on one node allows 60 in that time ([`PER_CLIENT_BURST`], [`PER_CLIENT_PER_SECOND`]). 24 bytes each.
pub const RELEASES_REMEMBERED: usize = 30;
const _: () = assert!(
    2 * RELEASES_REMEMBERED as u64
        >= PER_CLIENT_BURST as u64 + PER_CLIENT_PER_SECOND as u64 * RELEASE_COPIED_FOR.as_secs()
);

/// Commands a second that clients unknown to the lease table may cause.
pub const NEW_CLIENTS_PER_SECOND: u32 = 500;
/// Commands that clients unknown to the lease table may cause at once, those included that are kept
/// for clients that try again.
pub const NEW_CLIENTS_BURST: u32 = 1500;
/// Of these, so many are kept for retrying clients: a flood of fake clients does not repeat itself
/// (ADR 0014). A storm of 1000 real clients still passes at the first try.
pub const KEPT_FOR_RETRIES: u32 = 500;
/// The length of a time span of the recent-client filter: shorter than any first retransmission (3 s and
/// more), longer than the distance of duplicates made by the network.
pub const RECENT_CLIENT_FILTER_SPAN: Duration = Duration::from_secs(2);
/// So many spans are remembered, the present one included: the second retransmission comes 8 ± 1 s
/// after the first (RFC 2131 §4.1).
pub const RECENT_CLIENT_FILTER_SPANS: usize = 6;
/// Size of the filter of one span, in bits: 1 MiB.
pub const RECENT_CLIENT_FILTER_BITS: usize = 1 << 23;
/// Commands a second that clients with a lease may cause: their own budget, which new clients
/// cannot use up.
pub const KNOWN_CLIENTS_PER_SECOND: u32 = 5000;
/// A storm of this many known clients at once passes.
pub const KNOWN_CLIENTS_BURST: u32 = 10_000;
/// Commands a second that one client may cause: a machine that gives its lease up and boots anew every 1.5 s needs two,
/// and the network may bring each of its packets twice.
pub const PER_CLIENT_PER_SECOND: u32 = 4;
/// Commands that one client may cause at once: a boot is 2, a reboot with a refused address 4.
pub const PER_CLIENT_BURST: u32 = 20;
/// With no address free as far as this node knows, so many offers a second are still proposed:
/// enough to notice that the pool has room again, too few to fill the log.
pub const EXHAUSTED_OFFERS_PER_SECOND: u32 = 2;
/// The burst for the same.
pub const EXHAUSTED_OFFERS_BURST: u32 = 4;

/// Free addresses kept probed ahead, so that an offer need not wait for a probe (L6). Refreshed
/// every half [`PROBE_VALIDITY`] while there are clients: about 9 ARP requests a second and node.
pub const PROBED_AHEAD: usize = 128;
/// An address whose quarantine ends within this is probed ahead, too: while there are clients, a host that still uses it
/// is known before the address is offered. On the cluster clock, as applied here.
pub const PROBED_BEFORE_RETURN: Span = Span::from_secs(5);
/// Addresses probed together in the background, at most one batch a second.
pub const PROBE_BATCH: usize = 128;
/// ARP probes sent for one address, evenly spread over [`PROBE_WAIT`].
pub const PROBES_PER_ADDRESS: u32 = 2;
/// How long an answer to an ARP probe is waited for. RFC 5227 §2.1.1 asks a *host* for 3 probes
/// over several seconds; a server has to answer within [`REPLY_DEADLINE`], the client itself
/// probes again before it uses the address (RFC 2131 §4.4.1), and a host on the same link answers
/// in milliseconds.
pub const PROBE_WAIT: Duration = Duration::from_millis(300);
/// How long a *clear* probe result is valid.
pub const PROBE_VALIDITY: Duration = Duration::from_secs(60);
/// Without a DHCPDISCOVER for this long, nothing is probed: no chatter on an idle network.
pub const PROBE_ACTIVITY_WINDOW: Duration = Duration::from_secs(60);
/// Addresses that one transaction may find in conflict before it gives up; the client retries.
pub const MAX_CONFLICTS_PER_OFFER: u8 = 3;

/// Addresses that one hardware address may have quarantined in [`CONFLICT_REPORT_WINDOW`], by DHCPDECLINE or by answering
/// conflict probes: hardly any host has more fixed addresses in a pool. ADR 0026.
pub const CONFLICT_REPORTS_PER_CLIENT: usize = 4;
/// The same for all behind one port of the bridge; many hosts are behind one that leads to other bridges.
pub const CONFLICT_REPORTS_PER_PORT: usize = 16;
/// The same for all reporters whose port is not known: four times the limit of a port, so that one hardware address can
/// use up only a sixteenth. An attacker who forges hardware addresses uses it up all the same.
pub const CONFLICT_REPORTS_WITHOUT_PORT: usize = 64;
/// As long as a quarantine lasts by default: so many of their addresses are quarantined at once.
pub const CONFLICT_REPORT_WINDOW: Duration = Duration::from_secs(600);
/// How long an address with an unconfirmed conflict is not offered: two retransmissions (RFC 2131 §4.1), so that a
/// retrying client is offered another one.
pub const UNCONFIRMED_CONFLICT_LIFETIME: Duration = Duration::from_secs(10);
/// How many of these are kept: with the conflicts that one offer finds, as many as its command may carry.
pub const MAX_UNCONFIRMED_CONFLICTS: usize =
    ipam::OfferLease::MAX_AVOIDED - MAX_CONFLICTS_PER_OFFER as usize;
/// Hardware addresses, and ports, whose reports are counted at once; reports of others are not accepted. About 100 bytes each.
pub const MAX_CONFLICT_REPORTERS: usize = 1024;

/// Free addresses for which one hardware address may answer before its answers are ignored, if every probe in between was
/// answered: four times what it can have quarantined. ADR 0026.
pub const ANSWERS_OF_A_HOST: usize = 16;
/// An answer counts only after this: longer than it takes to probe every address next in line again (half
/// [`PROBE_VALIDITY`]), so that the probe of a clear address has gone unanswered by then.
pub const RESPONDER_SETTLE_TIME: Duration = Duration::from_secs(40);
/// Probe responders that are counted at once. About 1 kB each.
pub const MAX_RESPONDERS: usize = 64;

/// A quarantined address whose probe is answered is probed again after this.
pub const RECHECK_PAUSE: Duration = Duration::from_secs(60);
/// How many quarantined addresses wait to be probed again: a quarter of the largest pool, all that there
/// are (S7).
pub const MAX_RECHECKED: usize = 16_384;

/// The UDP receive buffer asked of the kernel: a storm of 4000 packets of about 1 kB. In bytes.
pub const SOCKET_RECEIVE_BYTES: usize = 4 << 20;
/// Answers to one probe that wait to be read; more are dropped: one is enough.
pub const PROBE_ANSWERS: usize = 8;
/// Between two looks at the interface and at what should be probed ahead.
pub const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(1);
/// Between two log lines of the same kind about packets.
pub const LOG_INTERVAL: Duration = Duration::from_secs(10);
