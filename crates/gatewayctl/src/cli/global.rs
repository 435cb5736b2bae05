//! The options that every command takes.

use std::time::Duration;

use clap::Args;

use super::NodeAddress;

/// Which node is asked, how long it may take, and for whom the answer is.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The node to ask, without http://
    #[arg(
        long,
        global = true,
        value_name = "HOST:PORT",
        env = "GATEWAY_ADMIN_ADDRESS",
        default_value = "127.0.0.1:7067"
    )]
    pub node: NodeAddress,
    /// Print JSON with the field names of the protocol, for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// How long the answer may take [default: 5; node add: 60, node remove: 15]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
}

impl Global {
    /// The given timeout, or else `default`.
    #[must_use]
    pub fn timeout_or(&self, default: Duration) -> Duration {
        self.timeout.map_or(default, Duration::from_secs)
    }
}
