//! A population of DHCP clients on one port: who gets what, when, and after how many tries.
//!
//! [`model`] is one client's state machine (RFC 2131 §4.4) without I/O; [`population`] runs many of
//! them over one packet socket; [`history`] is what is recorded; [`running`] starts a population in a
//! virtual machine as a process of its own, so that it does not share a thread with the scenario.

pub mod history;
pub mod model;
pub mod options;
pub mod population;
pub mod running;

pub use history::{ClientRecord, History, Summary};
pub use options::StormOptions;
pub use running::RunningStorm;
