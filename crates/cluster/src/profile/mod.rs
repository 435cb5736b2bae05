//! Which profile this node goes by, and how it takes another one over (contract L7, ADR 0022).

mod local;
mod status;
mod takeover;

pub(crate) use local::LocalProfile;
pub use status::ProfileStatus;
pub(crate) use takeover::{Takeover, limits_at_start, run};
