//! The command line.

use std::ffi::OsString;
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
    /// Show the product with real clients: addresses, NAT, a killed leader; status 1 unless all is seen
    Demo(DemoOptions),
    /// Run a command, or a shell, in a host or machine of the lab that `demo --keep` left up
    #[command(after_help = ENTER_EXAMPLES)]
    Enter(EnterOptions),
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

const ENTER_EXAMPLES: &str = "\
Examples:
  lab enter gw1 -- gatewayctl status
  lab enter vm1 -- ip address
  lab enter vm2";

/// How to show the product.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Leave the lab up afterwards, with instructions to play with it, until ENTER or Ctrl-C
    #[arg(long)]
    pub keep: bool,
}

/// Where to go, and what to do there.
#[derive(Debug, Args)]
pub struct EnterOptions {
    /// A host (gw1), a machine (vm1) or the internet
    pub name: String,
    /// What to run there, after `--`; a shell if nothing is given
    #[arg(last = true)]
    pub command: Vec<OsString>,
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
