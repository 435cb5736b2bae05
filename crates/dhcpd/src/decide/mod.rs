//! The decisions, pure: what a packet asks for, which node answers it, what an outcome means.
//!
//! * [`Intent`]: what the client wants (RFC 2131 §4.3, table 4).
//! * [`rank`] and [`answers`]: who answers on a link with several servers.
//! * [`Verdict`]: what a committed outcome lets us say.
//! * [`Silence`]: why nothing is said.

mod intent;
mod responder;
mod silence;
mod verdict;

pub use intent::{Arrival, Cast, Intent, intent};
pub(crate) use responder::client_hash;
pub use responder::{answers, elapsed_secs, rank};
pub use silence::Silence;
pub use verdict::{Verdict, on_grant, on_offer};
