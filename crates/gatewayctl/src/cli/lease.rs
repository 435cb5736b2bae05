//! `gatewayctl lease …`.

use std::net::Ipv4Addr;

use clap::Subcommand;
use ipam::ClientKey;

/// What can be done with leases.
#[derive(Debug, Subcommand)]
pub enum LeaseCommand {
    /// List the leases
    #[command(
        after_help = "Examples:\n  gatewayctl lease list\n  gatewayctl lease list --client 02:aa:00:00:00:01\n  gatewayctl lease list --json | jq -r '.[] | select(.state == \"bound\") | .address'"
    )]
    List {
        /// Only this client's
        #[arg(long)]
        client: Option<ClientKey>,
    },
    /// Print one lease in full
    #[command(after_help = "Example:\n  gatewayctl lease show 10.15.3.20")]
    Show {
        /// The leased address
        address: Ipv4Addr,
    },
    /// End a lease now; the client is not told and may go on using the address
    #[command(
        after_help = "The client learns of it when it renews. Make sure that it is gone first.\n\nExample:\n  gatewayctl lease release 10.15.3.20"
    )]
    Release {
        /// The leased address
        address: Ipv4Addr,
    },
}
