//! What clients and operators do during a run.
//!
//! A [`Workload`] is a name with the size of everything that belongs to it ([`Workload::plan`]):
//! leases so short that a run of half a minute sees addresses change hands. [`clients`] lets DHCP
//! clients live on the virtual machines' ports, [`operators`] lets operators change reservations or
//! forwards through every node, [`flows`] has machines keep connections through NAT; all write what happens into the history, and nothing else leaves
//! them. Faults are not known here.

pub mod clients;
pub mod flows;
pub mod operators;
mod plan;

use clap::ValueEnum;

pub use plan::{OperatorWork, Plan};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Workload {
    /// Clients through the whole life of their leases
    Lease,
    /// Reservations, changed through every node
    Reservation,
    /// Port forwards, changed through every node
    Forward,
    /// All clients boot at once, again and again
    Storm,
    /// Fewer addresses than clients
    Exhaustion,
    /// Addresses are given back and wanted again at once
    Churn,
    /// Nodes are removed and added while clients are served
    Membership,
    /// Long-lived flows through NAT, while forwards come and go
    Flows,
}

impl Workload {
    /// Its name on the command line and in the history.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
