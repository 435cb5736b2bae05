//! What is beyond the uplinks: one namespace with a router, and a service behind it.
//!
//! It has no route to the overlay, so only traffic that a gateway translated gets an answer.

use std::process::Command;

use anyhow::Result;

use super::address::{INTERNET_ROUTER, INTERNET_SERVICE};
use crate::command::run;
use crate::netns::Netns;

/// The bridge that all uplinks end in.
pub const BRIDGE: &str = "br0";

/// The name of the namespace.
pub const NAME: &str = "internet";

/// The internet.
#[derive(Debug)]
pub struct Internet {
    netns: Netns,
}

impl Internet {
    pub(super) fn build() -> Result<Self> {
        run(Command::new("ip").args(["netns", "add", NAME]))?;
        let netns = Netns::named(NAME);
        netns.ip(&format!(
            "link set lo up\n\
             link add {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
             addr add {INTERNET_ROUTER}/24 dev {BRIDGE}\n\
             link set {BRIDGE} up\n\
             addr add {INTERNET_SERVICE}/32 dev lo\n"
        ))?;
        Ok(Self { netns })
    }

    /// Its namespace.
    pub fn netns(&self) -> &Netns {
        &self.netns
    }
}
