//! Connections of peers, and how many there may be.
//!
//! * **What it is.** The peer port's accept loop as a stream for tonic. Connections are counted, in all
//!   and by where they come from; one that says nothing is closed.
//! * **When it is full.** A newcomer takes the place of a connection of whoever has the most of them, so
//!   a host that opens hundreds keeps nobody out but itself.
//! * **Requests** are counted as connections are; each has to come in time, and is looked at before it is
//!   decoded ([`crate::shape`]): small bytes can decode to a lot of memory. The simulation's requests, which come
//!   by no port, are looked at too ([`Checked`]).
//! * **Descriptors**: connections take half of those that the process may have ([`descriptors`]).
//!   Without any it neither spins nor goes silent: a descriptor in reserve is given up to
//!   accept, and close, whoever waits, and then it pauses.

mod accept;
mod body;
mod checked;
mod connection;
mod descriptors;
mod in_flight;
mod registry;

pub(crate) use accept::incoming;
pub(crate) use checked::Checked;
pub(crate) use in_flight::InFlight;
pub(crate) use registry::Registry;
