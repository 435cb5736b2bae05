//! The peers' network: carries gRPC requests and answers, as bytes, between simulated nodes.
//!
//! * **What it is.** What TCP and HTTP/2 are to real nodes, seen from above: a request is a message,
//!   its answer another. A lost one is sent again with growing pauses, as TCP would, so that it may
//!   arrive long after it was sent; after [`GIVE_UP`] the connection is given up and the caller told
//!   that it is unavailable. Nothing arrives twice unless a fault says so, and then only requests of
//!   Raft itself: TCP delivers once, and what is not Raft's relies on it.
//! * **What it is not.** It reads no message but a liar's ([`PeerNetwork::lies`]). TLS is not simulated: it is tested with real sockets.
//! * **What flows in and out.** In: requests from `cluster` through [`PeerNetwork::connector`], and
//!   answers from [`answer`]. Out: [`Delivery`]s, which the world takes when their time has come.
//! * **Deterministic.** Ordered maps, one generator; the time is the world's.

mod connector;
mod false_notes;
mod paths;
mod traffic;

pub use connector::{PeerNetwork, answer};
pub use false_notes::Lie;
pub use paths::{Fate, Host, Paths, Weather};
pub use traffic::{CallId, Delivery, GIVE_UP, PeerAnswer, PeerRequest};
