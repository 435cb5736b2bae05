//! `gatewayctl reservation …`.

use std::net::Ipv4Addr;

use clap::Subcommand;
use ipam::{ClientKey, DEFAULT_SUBNET, Reservation, ReservationKey};
use serde::Serialize;

use super::{Asked, Columns, Listed, Noun};
use crate::failure::Failure;
use crate::render::Column;

/// What can be done with reservations.
#[derive(Debug, Subcommand)]
pub enum ReservationVerbs {
    /// Keep an address for a client
    #[command(
        after_help = "Examples:\n  gatewayctl reservation add 02:aa:00:00:00:01 10.15.3.20\n  gatewayctl reservation add id:ff:00:01 10.15.3.21"
    )]
    Add {
        /// A hardware address, or id: and a client identifier
        client: ClientKey,
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
        client: ClientKey,
    },
}

/// One reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReservationView {
    /// For whom.
    pub client: String,
    /// Which address.
    pub address: String,
    /// In which subnet.
    pub subnet_id: u32,
}

impl Noun for Reservation {
    const NOUN: &'static str = "reservation";
    const ABOUT: &'static str = "Reservations: addresses kept for a client";
    const NONE: &'static str = "No reservations.";
    const COLUMNS: Columns<Self> = &[
        (Column::Left("CLIENT"), |listed| {
            listed.object.client.to_string()
        }),
        (Column::Left("ADDRESS"), |listed| {
            listed.object.address.to_string()
        }),
        (Column::Right("SUBNET"), |listed| {
            listed.object.subnet.to_string()
        }),
    ];

    type Verbs = ReservationVerbs;
    type View = ReservationView;

    fn asked(verb: &ReservationVerbs) -> Result<Asked, Failure> {
        Ok(match verb {
            ReservationVerbs::Add { client, address } => Asked::create(
                Self {
                    subnet: DEFAULT_SUBNET,
                    client: client.clone(),
                    address: *address,
                },
                format!("reserving {address} for {client}"),
                format!("Reserved {address} for {client}."),
            ),
            ReservationVerbs::List => Asked::List,
            ReservationVerbs::Remove { client } => Asked::delete::<Self>(
                ReservationKey {
                    subnet: DEFAULT_SUBNET,
                    client: client.clone(),
                },
                format!("removing the reservation of {client}"),
                format!("Removed the reservation of {client}."),
            ),
        })
    }

    fn view(listed: &Listed<Self>) -> ReservationView {
        ReservationView {
            client: listed.object.client.to_string(),
            address: listed.object.address.to_string(),
            subnet_id: listed.object.subnet.0,
        }
    }
}
