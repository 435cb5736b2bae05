//! The switch between the hosts: a bridge in the isolate's root namespace, one port per host.
//!
//! Faults on the underlay act here, between the ports, where neither host can see why.

use std::process::Command;

use anyhow::Result;

use crate::command::run_with_input;

/// The bridge's name.
pub const BRIDGE: &str = "underlay";

/// The underlay switch.
#[derive(Debug)]
pub struct Underlay {
    _private: (),
}

impl Underlay {
    pub(super) fn build() -> Result<Self> {
        let underlay = Self { _private: () };
        underlay.ip(&format!(
            "link add {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
             link set {BRIDGE} up\n"
        ))?;
        Ok(underlay)
    }

    /// Applies an nftables script to the switch.
    pub fn nft(&self, script: &str) -> Result<()> {
        run_with_input(Command::new("nft").args(["-f", "-"]), script)?;
        Ok(())
    }

    fn ip(&self, batch: &str) -> Result<()> {
        run_with_input(Command::new("ip").args(["-batch", "-"]), batch)?;
        Ok(())
    }
}

/// The switch port of host `node`.
pub fn port(node: u8) -> String {
    format!("ul{node}")
}
