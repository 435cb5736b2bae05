//! Views as text for people. Pure: no terminal, no clock, no environment.

mod bootstrap;
mod done;
mod event;
mod explain;
mod lease;
mod pki;
mod plain;
mod profile;
mod status;
mod style;
mod table;
mod wrap;

pub use bootstrap::bootstrap;
pub use done::done;
pub use event::event;
pub use explain::explain;
pub use lease::{lease, leases};
pub use pki::pki;
pub use plain::plain;
pub use profile::profile;
pub use status::status;
pub use style::Style;
pub use table::{Column, table};
