//! `gatewayctl reservation …`.

use std::net::Ipv4Addr;

use clap::Subcommand;

use super::Client;

/// What can be done with reservations.
#[derive(Debug, Subcommand)]
pub enum ReservationCommand {
    /// Keep an address for a client
    #[command(
        after_help = "Examples:\n  gatewayctl reservation add 02:aa:00:00:00:01 10.15.3.20\n  gatewayctl reservation add id:ff:00:01 10.15.3.21"
    )]
    Add {
        /// A hardware address, or id: and a client identifier
        client: Client,
        /// The address it is to have
        address: Ipv4Addr,
    },
    /// List the reservations
    #[command(
        after_help = "Examples:\n  gatewayctl reservation list\n  gatewayctl reservation list --json"
    )]
    List,
    /// Give a client's reserved address back to everybody
    #[command(after_help = "Example:\n  gatewayctl reservation remove 02:aa:00:00:00:01")]
    Remove {
        /// A hardware address, or id: and a client identifier
        client: Client,
    },
}
