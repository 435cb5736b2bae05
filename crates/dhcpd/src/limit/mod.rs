//! Rate limits and flood protection: a flood must not starve other clients or fill the log. Pure; bounded in time and
//! memory.
//!
//! * [`RateLimits`]: what an operator may change.
//! * [`TokenBucket`]: a rate and a burst.
//! * [`Admission`]: the rate limits of new and of known clients.
//! * [`ConflictReports`]: how many addresses one reporter may have quarantined.
//! * [`UnconfirmedConflicts`]: addresses whose conflict report was not accepted.
//! * [`ProbeResponders`]: machines that answer for every address.
//! * [`ClientMemory`]: each client's recent retries, releases and rate limit.
//! * [`RecentClientFilter`]: tells a retrying client from a flood.
//! * [`InFlight`]: requests being answered now; a copy of one is dropped.

mod admission;
mod client_memory;
mod conflict_reports;
mod in_flight;
mod probe_responders;
mod rate_limits;
mod recent_client_filter;
mod token_bucket;
mod unconfirmed_conflicts;

pub use admission::{Admission, ClientClass};
pub use client_memory::{Attempt, ClientMemory};
pub use conflict_reports::{AttachmentPoint, ConflictReporter, ConflictReports, Port};
pub use in_flight::{InFlight, InFlightKey, NotBegun};
pub use probe_responders::ProbeResponders;
pub use rate_limits::{Rate, RateLimits};
pub use recent_client_filter::RecentClientFilter;
pub use token_bucket::TokenBucket;
pub use unconfirmed_conflicts::UnconfirmedConflicts;
