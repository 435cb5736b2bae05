//! Model DHCP clients: whose view of "I hold this address until …" is the judge of S1 to S7.
//!
//! * **What it is.** [`Client`] is RFC 2131's client (figure 5) with [`Habits`] drawn from a seed;
//!   [`Hostile`] is a neighbour on the same link that keeps to no protocol. Both are pure: they are
//!   told the time and what they hear, and answer with [`Action`]s.
//! * **What it is not.** It carries nothing: the world delivers datagrams, answers ARP and lets time
//!   pass. It does not know the servers' state.
//! * **What flows in and out.** In: true time, replies as bytes, findings of ARP checks. Out:
//!   requests as bytes, and [`Event`]s in true time for the checkers.
//! * **Invariants.** Same seed, same calls, same actions. A client counts by its own clock, whose
//!   rate is up to 0.2 % off (contract T4).

mod acquire;
mod action;
mod event;
mod extend;
mod habits;
mod hostile;
mod life;
mod machine;
mod malformed;
mod message;
mod oddities;
mod reply;
mod time;

pub use action::{Action, Outgoing};
pub use event::{ClientNumber, Event, What};
pub use habits::{Habits, Temper};
pub use hostile::Hostile;
pub use machine::Client;
#[cfg(test)]
pub(crate) use message::request_bytes;
pub use message::{MessageKind, Request, read_request};
pub use oddities::{OddOption, Oddities, ReleaseForm};
pub use reply::{Reply, ReplyKind, read_reply};
pub use time::{LocalTime, RateClock, TrueTime};

#[cfg(test)]
mod tests;
