//! The reconciler against a kernel in memory: what is applied, repaired, counted and left alone.

#[path = "../common/mod.rs"]
mod common;
mod drift;
mod flows;
mod refused;
mod restart;
mod running;
mod tables;
