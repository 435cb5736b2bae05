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
mod assemble;
mod bounds;
mod broken;
mod clock;
mod config;
mod elections;
mod explain;
mod identity;
mod join;
pub mod limits;
mod listener;
mod lock;
mod membership;
mod node;
mod notes;
mod peer_refusals;
mod peer_server;
mod profile;
mod propose;
mod raft;
mod raft_view;
mod registration;
mod round_trips;
mod serving;
mod shape;
mod shutdown;
mod start;
mod start_error;
mod status;
mod tasks;
mod timing;
mod tls;
mod transport;

pub use assemble::Surroundings;
pub use config::{ClusterConfig, PeerTls, Snapshots, Start, Timings};
pub use explain::{Explainer, SeenPacket};
pub use membership::MembershipError;
pub use node::Cluster;
pub use peer_server::PeerHandler;
pub use profile::ProfileStatus;
pub use propose::ProposeError;
pub use raft_store::{AppliedMark, Committed};
pub use serving::{ReplicaStatus, ServiceStatus};
pub use start_error::StartError;
pub use status::{ClusterStatus, MemberStatus, Role};
pub use tls::{ProvenPeer, TlsError};
pub use transport::{ConnectError, Connector, PeerChannel};
