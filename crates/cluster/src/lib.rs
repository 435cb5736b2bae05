//! A running Raft node of the gateway cluster.
//!
//! * **What it is.** openraft over `raft-store`'s storage and a tonic transport: commands are
//!   proposed on any node, batched, forwarded to the leader, stamped with the cluster clock,
//!   committed and applied. Peers watch each other's health.
//! * **What it is not.** It decides nothing about leases (that is `ipam`) and knows nothing of
//!   DHCP or NAT.
//! * **What flows in and out.** In: [`ipam::Command`]s. Out: [`ipam::Outcome`]s, committed events,
//!   reads of the applied state, and a [`ServiceStatus`] that says whether this node may answer.
//! * **Cancel safety.** Dropping a [`Cluster::propose`] future abandons the answer, not the
//!   command: it may still commit.
//! * **A crash** leaves the data directory as `raft-store` describes; the node resumes from it.
//!
//! Contract: S2 (committed before visible), S6 and L2 (a node without a quorum knows that it is
//! one), S8 (digests are compared), T2 and T3 (the leader's clock).

mod admission;
mod batcher;
mod bootstrap;
mod broken;
mod change_turns;
mod check_quorum;
mod clock;
mod commits;
mod config;
mod explain;
mod forwarded;
mod founders;
mod gathering;
mod health;
mod hung_storage;
mod joint;
pub mod limits;
mod listener;
mod local_profile;
mod maintenance;
mod member_change;
mod membership;
mod node;
mod notes;
mod patience;
mod peer_address;
mod peer_refusals;
mod peer_server;
mod profile;
mod progress;
mod propose;
mod raft_handle;
mod reachability;
mod relocation;
mod removal;
mod reversion;
mod round_trips;
mod serve;
mod service;
mod shape;
mod silenced;
mod standing;
mod start;
mod status;
mod storage_remedy;
mod strangers;
mod succession;
mod tasks;
mod term_raises;
mod ticker;
mod timing;
mod tls;
mod transport;

pub use config::{ClusterConfig, PeerTls, Snapshots, Start, Timings};
pub use explain::{Explainer, SeenPacket};
pub use membership::MembershipError;
pub use node::Cluster;
pub use profile::ProfileStatus;
pub use propose::ProposeError;
pub use raft_store::{AppliedMark, Committed};
pub use serve::PeerHandler;
pub use service::ServiceStatus;
pub use standing::Standing;
pub use start::{StartError, Surroundings};
pub use status::{ClusterStatus, MemberStatus, Role};
pub use tls::{ProvenPeer, TlsError};
pub use transport::{Connector, PeerChannel};
