//! `gatewayctl pki …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const INIT_EXAMPLES: &str = "\
Run it once, on a machine that is not one of the hosts if you can: who has ca.key can make himself a node.

Example:
  gatewayctl pki init";

const NODE_EXAMPLES: &str = "\
Writes DIR/node-ID/{ca.crt,node.crt,node.key}: copy them to /etc/gatewayd/tls on that host.

Example:
  for id in 1 2 3; do gatewayctl pki node $id; done";

/// What can be made.
#[derive(Debug, Subcommand)]
pub enum PkiCommand {
    /// Make a CA for one cluster's nodes: ca.crt, and ca.key, which is kept offline
    #[command(after_help = INIT_EXAMPLES)]
    Init {
        /// Where and for how long.
        #[command(flatten)]
        place: PkiDirectory,
        /// How long the CA is valid
        #[arg(long, value_name = "DAYS", default_value_t = 7300, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: u32,
    },
    /// Make the key and certificate of one node, signed by that CA
    #[command(after_help = NODE_EXAMPLES)]
    Node {
        /// The node's number, its GATEWAY_NODE_ID
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        id: u64,
        /// Where the CA is.
        #[command(flatten)]
        place: PkiDirectory,
        /// How long the certificate is valid
        #[arg(long, value_name = "DAYS", default_value_t = 1825, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: u32,
    },
}

/// Where the CA is kept.
#[derive(Clone, Debug, Args)]
pub struct PkiDirectory {
    /// The directory of the CA
    #[arg(long, value_name = "DIR", default_value = "gatewayd-pki")]
    pub dir: PathBuf,
}
