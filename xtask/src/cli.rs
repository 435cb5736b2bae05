//! The command line, as `./x` shows it.

use clap::{Parser, Subcommand};

/// Developer commands; see `./x help`
#[derive(Debug, Parser)]
#[command(name = "x")]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Three gateways, real clients, a killed leader
    Demo {
        /// Leave the lab up, with instructions to play with it
        #[arg(long)]
        keep: bool,
    },
    /// Everything that CI runs
    Test {
        /// Leave out the lab
        #[arg(long)]
        fast: bool,
    },
    /// The checks without the tests; writes nothing
    Verify,
    /// Format, and apply clippy's suggestions
    Fix,
    /// Deliberate bugs that the tests must notice
    Mutants,
    /// The measurements there are
    Bench,
    /// Play lab scenarios; without a name, list them
    Drill {
        /// Their names
        scenarios: Vec<String>,
    },
}
