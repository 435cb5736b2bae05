//! Configuration: flags over environment over one TOML file, checked as a whole before anything
//! starts.
//!
//! `options` gathers the raw text of every key, `parse` turns text into values, `settings` puts
//! them together and checks them. Every error names the key, the value, the reason and the remedy.

mod options;
mod parse;
mod peer_tls;
mod relays;
mod settings;

pub use options::{Cli, FileError, Options, RunArgs, Verb};
pub use settings::{ConfigError, SUBNET, Settings};
