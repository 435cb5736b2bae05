//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use lab::probe::ProbeOptions;
use lab::storm::StormOptions;

/// Several gateway hosts on one machine
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the scenarios
    List,
    /// Run a scenario in namespaces of its own
    Run(RunOptions),
    /// Play a population of DHCP clients on an interface of this network namespace
    #[command(hide = true)]
    StormClient {
        /// Print the whole history instead of a summary
        #[arg(long)]
        json: bool,
        /// The population
        #[command(flatten)]
        storm: StormOptions,
    },
    /// Send one DHCP message made to order and print every reply
    #[command(hide = true)]
    ProbeClient {
        /// Print everything about the replies
        #[arg(long)]
        json: bool,
        /// The message
        #[command(flatten)]
        probe: ProbeOptions,
    },
    /// Tell every TCP and UDP caller which address it comes from
    #[command(hide = true)]
    Serve {
        /// Where to listen
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Ask such a server
    #[command(hide = true)]
    Fetch(FetchOptions),
}

/// How to run a scenario.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// Its name, as `lab list` shows it
    pub name: String,
    /// Keep the work directory with the logs
    #[arg(long)]
    pub keep: bool,
    /// Give up after this many seconds
    #[arg(long, default_value_t = 300)]
    pub timeout: u64,
}

/// How to ask.
#[derive(Debug, Args)]
pub struct FetchOptions {
    /// Whom to ask
    #[arg(long)]
    pub connect: SocketAddr,
    /// Ask by UDP instead of TCP
    #[arg(long)]
    pub udp: bool,
    /// Milliseconds to wait
    #[arg(long, default_value_t = 2000)]
    pub timeout_ms: u64,
}

impl FetchOptions {
    /// How long to wait.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
