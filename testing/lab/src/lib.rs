//! Several hosts on one machine, for the demonstration and the end-to-end tests.
//!
//! Each host is a network namespace with the interfaces a Proxmox node of ours has; the daemon, the
//! DHCP clients and nftables are the real, unmodified programs. What is made up is only the cabling.
//!
//! Flow: [`isolate::enter`] moves the process into throw-away namespaces and hands out the proof that
//! [`Lab::new`] demands; a scenario ([`scenario::Scenario`]) then starts gateways, virtual machines,
//! clients and faults, and returns a [`report::Report`].
//!
//! Debian packages: iproute2, nftables, util-linux, procps; for the clients isc-dhcp-client, udhcpc,
//! dhcpcd-base; for single scenarios libfaketime and tshark.
//!
//! It is not a simulator: time is real, and nothing here is deterministic.

pub mod capture;
pub mod client;
pub mod command;
pub mod container;
pub mod demo;
pub mod fault;
pub mod flood;
pub mod gateway;
pub mod isolate;
pub mod kept;
mod lab;
pub mod life;
pub mod netns;
pub mod probe;
pub mod process;
pub mod readme;
pub mod renewals;
pub mod report;
pub mod scenario;
mod scenarios;
pub mod service;
pub mod storm;
pub mod topology;
pub mod unpacked;
pub mod wait;
pub mod watchdog;
pub mod wire;
pub mod workdir;

pub use lab::{Lab, finish_storms};
