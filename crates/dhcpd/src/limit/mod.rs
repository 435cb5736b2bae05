//! What keeps a flood from starving the others or filling the log. Pure; bounded in time and memory.
//!
//! * [`RateLimits`]: what an operator may change.
//! * [`TokenBucket`]: a rate and a burst.
//! * [`Admission`]: the budgets of clients known and unknown to the lease table.
//! * [`Accusations`]: who has addresses quarantined, and how many.
//! * [`Doubted`]: where somebody answered who is not believed.
//! * [`Responders`]: who answers for whatever address is asked for.
//! * [`ClientMemory`]: what was heard of each client lately: its retries and its own budget.
//! * [`HeardBefore`]: whether a client that nobody knows tries again, or is one of a flood.
//! * [`InFlight`]: requests being answered now; a copy of one is dropped.

mod accusations;
mod admission;
mod client_memory;
mod doubted;
mod heard_before;
mod in_flight;
mod rate_limits;
mod responders;
mod token_bucket;

pub use accusations::{Accusations, Accuser, Place, Port};
pub use admission::{Admission, Standing};
pub use client_memory::{Attempt, ClientMemory};
pub use doubted::Doubted;
pub use heard_before::HeardBefore;
pub use in_flight::{InFlight, InFlightKey, NotBegun};
pub use rate_limits::{Rate, RateLimits};
pub use responders::Responders;
pub use token_bucket::TokenBucket;
