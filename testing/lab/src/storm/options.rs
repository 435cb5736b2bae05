//! What a population looks like.

use clap::Args;

use crate::wire::MacAddr;

/// How many clients, when they start, how patient they are. Also the command line of the subcommand.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct StormOptions {
    /// Interface to send on
    #[arg(long, default_value = "eth0")]
    pub interface: String,
    /// Number of clients
    #[arg(long, default_value_t = 100)]
    pub clients: u32,
    /// Hardware address of the first client; the others count up from it
    #[arg(long, default_value = "02:bb:00:00:00:00")]
    pub first_mac: MacAddr,
    /// Give up after this many seconds
    #[arg(long, default_value_t = 60)]
    pub deadline: u64,
    /// Start the clients evenly over this many milliseconds; 0 starts all at once
    #[arg(long, default_value_t = 0)]
    pub ramp_ms: u64,
    /// Milliseconds before the first retransmission, doubling to 16 times (RFC 2131: 4000, ±1000)
    #[arg(long, default_value_t = 4000)]
    pub retransmit_ms: u64,
    /// Ask for broadcast replies
    #[arg(long)]
    pub broadcast: bool,
    /// Seed of transaction ids and jitter
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Default for StormOptions {
    fn default() -> Self {
        Self {
            interface: "eth0".to_owned(),
            clients: 100,
            first_mac: MacAddr([0x02, 0xbb, 0, 0, 0, 0]),
            deadline: 60,
            ramp_ms: 0,
            retransmit_ms: 4000,
            broadcast: false,
            seed: 1,
        }
    }
}

impl StormOptions {
    /// The same as command line arguments.
    pub fn to_args(&self) -> Vec<String> {
        let mut args = vec![
            format!("--interface={}", self.interface),
            format!("--clients={}", self.clients),
            format!("--first-mac={}", self.first_mac),
            format!("--deadline={}", self.deadline),
            format!("--ramp-ms={}", self.ramp_ms),
            format!("--retransmit-ms={}", self.retransmit_ms),
            format!("--seed={}", self.seed),
        ];
        if self.broadcast {
            args.push("--broadcast".to_owned());
        }
        args
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        storm: StormOptions,
    }

    #[test]
    fn arguments_round_trip() {
        let options = StormOptions {
            clients: 7,
            broadcast: true,
            seed: 42,
            ..StormOptions::default()
        };
        let parsed = Cli::parse_from([vec!["lab".to_owned()], options.to_args()].concat());
        assert_eq!(parsed.storm, options);
        assert_eq!(Cli::parse_from(["lab"]).storm, StormOptions::default());
    }
}
