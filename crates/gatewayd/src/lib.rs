//! The part of the daemon that others may use: its configuration, for the fuzz target.
//!
//! Nothing here decides, blocks or holds state. Everything else is the program's own (`main.rs`).

pub mod config;
