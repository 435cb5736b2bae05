//! The decisions, pure: what a packet asks for, which node answers it, what an outcome means.
//!
//! * [`Arrival`]: how a packet came; [`check_arrival`]: whether that may be listened to.
//! * [`Intent`]: what the client wants (RFC 2131 §4.3, table 4).
//! * [`rank`] and [`answers`]: who answers on a link with several servers.
//! * [`Verdict`]: what a committed outcome lets us say.
//! * [`Silence`]: why nothing is said.

mod admissible;
mod arrival;
mod intent;
mod responder;
mod silence;
mod verdict;

pub(crate) use admissible::takes_turns;
pub use admissible::{MAX_RELAYS, check_arrival, check_ciaddr, check_network, check_source};
pub use arrival::{Arrival, Cast, Ingress};
pub use intent::{Intent, intent};
pub(crate) use responder::client_hash;
pub use responder::{answers, elapsed_secs, rank};
pub use silence::Silence;
pub use verdict::{Verdict, on_grant, on_offer};
