//! `gatewayctl node …`.

use clap::Subcommand;

use super::NodeAddress;

const ADD_EXAMPLES: &str = "\
Start gatewayd on the new node first; it waits to be added. Any member may be asked.

Example:
  gatewayctl node add 3 192.0.2.13:7066";

const REMOVE_EXAMPLES: &str = "\
Any other member may be asked. Stop gatewayd on the node first.

Example:
  gatewayctl node remove 3";

/// What can be done with members.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Make a running node a member, after it has caught up
    #[command(after_help = ADD_EXAMPLES)]
    Add {
        /// The new node's number
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        id: u64,
        /// Where its peers reach it, HOST:PORT
        peer_address: NodeAddress,
    },
    /// Take a member out of the cluster
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove {
        /// The node's number
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        id: u64,
    },
}
