//! The command line, as `./x` shows it.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::fuzz::FuzzOptions;
use crate::night::NightOptions;

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
        /// The checks, and the tests of what differs from main and of what stands above it. Leaves out the
        /// lab, the simulation, the fuzz targets and the fault tests
        #[arg(long)]
        fast: bool,
    },
    /// The checks without the tests; writes nothing
    Verify,
    /// The house rules alone: seconds, writes nothing
    House,
    /// Format, and apply clippy's suggestions
    Fix,
    /// Deliberate bugs that the tests must notice; without a name, all of them
    Mutants {
        /// Their names
        names: Vec<String>,
    },
    /// The whole cluster, simulated under seeds
    #[command(disable_help_flag = true)]
    Sim {
        /// What the simulation is told; `--help` lists it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Any bytes in: the fuzz targets, each for a while
    Fuzz(FuzzOptions),
    /// The long forms of all that can find something new
    Night(NightOptions),
    /// Faults on a real cluster, and the verdict; `./x jepsen help run` has the options
    #[command(disable_help_flag = true)]
    Jepsen {
        /// Options of a run; or `matrix`, or `check`, with theirs
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// The power goes under the real store, a thousand times; `./x power-loss --help` has the options
    #[command(disable_help_flag = true)]
    PowerLoss {
        /// Options of the harness
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// The measurements there are
    Bench,
    /// Play lab scenarios; without a name, list them
    Drill {
        /// Their names
        scenarios: Vec<String>,
    },
}
