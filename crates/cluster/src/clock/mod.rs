//! The cluster clock on this node: what a leader's stamps are made of, and what moves it when nobody else does
//! (contract T2, T3, T5).

mod anchor;
mod leader_clock;
mod ticker;

pub(crate) use anchor::run as anchor;
pub(crate) use leader_clock::LeaderClock;
pub(crate) use ticker::{CommitTick, Ticker, run as tick};
