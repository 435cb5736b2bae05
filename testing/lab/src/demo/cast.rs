//! Who plays: the virtual machines with their real clients, and the services they talk to.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use crate::client::DhcpClient;
use crate::service::RunningService;
use crate::topology::Vm;
use crate::topology::address::node_of_overlay;

/// A machine whose client has an address.
pub struct Actor {
    /// Its client.
    pub client: Box<dyn DhcpClient>,
    /// What it was given.
    pub address: Ipv4Addr,
}

/// Everybody on the stage. They leave it when this is dropped.
#[derive(Default)]
pub struct Cast {
    /// The machines, in order of appearance.
    pub actors: Vec<Actor>,
    /// The internet's service and those in machines.
    pub services: Vec<RunningService>,
}

impl Actor {
    /// Its machine.
    pub fn vm(&self) -> &Vm {
        self.client.vm()
    }

    /// The gateway that answered its client last.
    pub fn served_by(&self) -> Result<u8> {
        let server = self.client.server()?;
        node_of_overlay(server).with_context(|| format!("{server} is no gateway of ours"))
    }
}

impl Cast {
    /// The gateways that have answered anybody, in order, each once.
    pub fn serving_gateways(&self) -> Result<Vec<u8>> {
        let mut gateways = self
            .actors
            .iter()
            .map(Actor::served_by)
            .collect::<Result<Vec<_>>>()?;
        gateways.sort_unstable();
        gateways.dedup();
        Ok(gateways)
    }
}
