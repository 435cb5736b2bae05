//! DHCPv4 as a library: sockets, codec, pure decisions, limits.
//!
//! * **What it is.** A DHCP server for one subnet on one link. [`DhcpServer`] is the thin shell
//!   that carries; [`Engine`] is everything that decides, as a pure state machine that a test,
//!   a fuzzer or a simulation can drive without a socket, a clock or a runtime.
//! * **What it is not.** It stores no lease and knows no Raft. What it needs of the replicated
//!   state it states as a port, [`LeaseService`], and somebody else implements it. What it needs of
//!   the clients' link is a port too, [`ClientLink`]: the kernel's sockets, or a simulated link.
//! * **What flows in and out.** In: datagrams, ARP frames, outcomes of proposed commands. Out:
//!   commands, and replies that follow from committed outcomes; a DHCPACK for a lease comes from
//!   [`ipam::Outcome::Granted`] and from nowhere else (contract S2), a DHCPNAK from a committed
//!   refusal (S6).
//! * **What may block.** Nothing in the pure modules. The shell awaits sockets and proposals.
//! * **A crash** leaves nothing: sockets close with the process; promises live in the log.
//!
//! ```text
//!  datagram ─► codec::decode ─► Packet ─► Engine::receive ─► Command ─► LeaseService::propose
//!              (DropReason)               (NoReplyReason)                    │
//!  frame ◄── addressing + reply::encode ◄── Engine::resume ◄── Outcome ◄─────┘
//! ```
//!
//! Sources: RFC 2131 (DHCP), RFC 2132 (options), RFC 3396 (long options), RFC 3046 (option 82),
//! RFC 6842 (option 61 in replies), RFC 3442 (option 121), RFC 3397 (option 119),
//! RFC 5227 (ARP probes), RFC 3074 (load balancing by hash). The lease contract's names (S1, L6,
//! T6, …) are in `docs/`.

mod labels;

pub mod addressing;
pub mod client_link;
pub mod codec;
pub mod counters;
pub mod decide;
pub mod engine;
pub mod limit;
pub mod limits;
pub mod monotonic_time;
pub mod packet_log;
pub mod port;
pub mod probe;
pub mod reply;
pub mod server;
pub mod socket;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod transaction;

pub use client_link::{ClientLink, RecvMeta};
pub use counters::{Counters, CountersSnapshot};
pub use engine::{Engine, Received, ServerIdentity};
pub use limit::RateLimits;
pub use monotonic_time::MonotonicTime;
pub use packet_log::{PacketLogReader, PacketRecord};
pub use port::{LeaseService, LeaseView, ProposeError, ServiceView};
pub use server::{DhcpServer, ServerConfig, ServerError};
pub use transaction::{Input, Next, Transaction};
