//! The decisions, pure: what a packet asks for, which node answers it, what an outcome means.
//!
//! * [`Arrival`]: how a packet arrived; [`check_arrival`]: whether it is accepted.
//! * [`Intent`]: what the client wants (RFC 2131 §4.3, table 4).
//! * [`rank`] and [`answers`]: who answers on a link with several servers.
//! * [`Verdict`]: what a committed outcome lets us say.
//! * [`NoReplyReason`]: why a packet gets no reply.

mod admissible;
mod arrival;
mod intent;
mod no_reply_reason;
mod responder;
mod verdict;

pub(crate) use admissible::is_load_balanced;
pub use admissible::{MAX_RELAYS, check_arrival, check_ciaddr, check_network, check_source};
pub use arrival::{Arrival, Cast, Ingress};
pub use intent::{Intent, intent};
pub use no_reply_reason::NoReplyReason;
pub(crate) use responder::client_hash;
pub use responder::{answers, elapsed_secs, rank};
pub use verdict::{Verdict, on_grant, on_offer};
