#![allow(clippy::print_stdout, reason = "a demonstration prints")]
//! The demonstration: the product's promises kept before the eyes of whoever watches.
//!
//! It plays a fixed list of [`Observation`]s on a lab of three hosts, tells what it does on a
//! [`Stage`], and ends with a [`Summary`]. An observation that fails ends the play: what comes after
//! it builds on it, and is reported as not reached.
//!
//! One file an act. It runs in the isolation, and prints; keeping the lab up is the caller's business.

mod addresses;
mod cast;
mod catch_up;
mod cluster;
mod failover;
mod forward;
mod internet;
mod observation;
mod stage;
mod style;
mod summary;

use anyhow::Result;

pub use cast::Cast;
pub use observation::Observation;
pub use stage::Stage;
pub use summary::Summary;

use crate::lab::Lab;

/// How many hosts the demonstration wants.
pub const HOSTS: u8 = 3;

/// Plays all acts. The cast is the caller's, so that the clients outlive the play.
pub fn play(lab: &mut Lab, cast: &mut Cast, stage: &mut Stage) -> Result<()> {
    cluster::act(lab, stage)?;
    addresses::act(lab, cast, stage)?;
    internet::act(lab, cast, stage)?;
    forward::act(lab, cast, stage)?;
    let killed = failover::act(lab, cast, stage)?;
    catch_up::act(lab, cast, stage, killed)
}
