//! One node, assembled: the cluster plugged into the ports of `dhcpd` and `natd`, and what is known of its parts.
//!
//! * **What it is.** [`serve`] begins and supervises the parts; [`Node`] is what others may ask of them. The daemon
//!   and the simulation run the same joints (ADR 0012, ADR 0036).
//! * **What it is not.** Configuration (it comes in as a [`NodeConfig`]), and what operators may do (`operator`).
//! * **What flows in and out.** In: a started [`cluster::Cluster`], what this host is, requests to bootstrap.
//!   Out: DHCP answers, the kernel's rules, and the status of the parts.
//! * **Cancel safety.** Dropping [`serve`]'s future stops the parts; the kernel's rules stay.
//!
//! Nothing here decides: `dhcpd`, `natd::plan` and `ipam` do.

mod bootstrap;
mod config;
mod config_drift;
mod dhcp;
mod explainer;
mod lease_service;
mod listen_ip_watch;
mod listeners;
mod nat;
mod nat_intent;
mod node;
mod outages;
mod serve;
mod supervise;

pub use bootstrap::{BootstrapRequests, become_member};
pub use config::{LanInterface, NodeConfig, StartConfig};
pub use dhcp::serve as serve_dhcp;
pub use lease_service::ClusterLeases;
pub use listeners::Listeners;
pub use nat_intent::{NatInput, follow_nat_intent};
pub use node::Node;
pub use serve::serve;
