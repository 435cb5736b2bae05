//! What is printed: the protocol's messages with the field names of `proto/`, absent as null.
//!
//! Objects have their own, in `objects`. `--json` is these structures as they stand, so a field here is an interface: add, never rename.

mod bootstrap;
mod done;
mod event;
mod explain;
mod lease;
mod pki;
mod profile;
mod status;
mod verdict;

pub use bootstrap::BootstrapView;
pub use done::DoneView;
pub use event::EventView;
pub use explain::{AskedNodeView, ExplainView, ExplainedPacketView};
pub use lease::LeaseView;
pub use pki::PkiView;
pub use profile::{ProfileView, RoundTripView};
pub use status::{MemberView, NatView, StatusView, SubnetView};
pub use verdict::{BlockerView, LevelView, VerdictView};
