//! Configuration: flags over environment over one TOML file, checked as a whole before anything
//! starts.
//!
//! `options` gathers the raw text of every key, `parse` turns text into values, `settings` puts
//! them together and checks them, `unknown` judges names that are no key, `load` does it all. Every error names the key, the value, the reason and the remedy.

mod defaults;
mod guard;
mod load;
mod options;
mod parse;
mod peer_tls;
#[cfg(test)]
mod reference;
mod relays;
mod settings;
mod unknown;

pub use load::{Entry, Loaded, Outside, Source};
pub use options::{Cli, FileError, Options, RunArgs, Verb};
pub use settings::{ConfigError, SUBNET, Settings};
