//! The clients, and what they were granted.

use super::process::NodeProcess;
use super::site::Site;
use super::trial::Lost;
use super::{NodesReport, PATIENCE};
use crate::entries::client;
use anyhow::{Result, bail};
use fastrand::Rng;
use ipam::{ClientKey, IdentityPolicy, LeaseState, State};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use tokio::time::Instant;

/// Fewer than there are addresses to give.
const CLIENTS: u32 = 200;

/// Who asked, and who was acknowledged what. Numbers of clients count from 1.
pub(super) struct Clients {
    rng: Rng,
    known: u32,
    granted: BTreeMap<u32, Ipv4Addr>,
}

impl Clients {
    pub(super) const fn new(rng: Rng) -> Self {
        Self {
            rng,
            known: 0,
            granted: BTreeMap::new(),
        }
    }

    /// A new client, or now and then an old one, asks some node for an address.
    pub(super) async fn ask_any(
        &mut self,
        nodes: &mut [NodeProcess],
        site: &Site,
        report: &mut NodesReport,
    ) -> Result<()> {
        let is_new = self.known == 0 || (self.known < CLIENTS && self.rng.u8(0..4) > 0);
        let number = if is_new {
            self.newcomer()
        } else {
            self.rng.u32(1..=self.known)
        };
        self.ask(number, nodes, site, report).await?;
        Ok(())
    }

    /// New clients ask until one is acknowledged an address; which one.
    pub(super) async fn obtain_new(
        &mut self,
        nodes: &mut [NodeProcess],
        site: &Site,
        report: &mut NodesReport,
    ) -> Result<u32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let number = self.newcomer();
            if self.ask(number, nodes, site, report).await? {
                return Ok(number);
            }
        }
        bail!("no new client obtains an address within {PATIENCE:?} of all nodes being in service")
    }

    /// Whether the client's address is kept for it.
    pub(super) fn keeps(&self, state: &State, number: u32) -> bool {
        let address = self.granted.get(&number);
        address.is_some_and(|address| holder(state, *address) == Some(&key(number)))
    }

    /// S2: everything that was acknowledged is there.
    pub(super) fn check(&self, state: &State) -> Result<()> {
        for (number, address) in &self.granted {
            if !self.keeps(state, *number) {
                let held = holder(state, *address);
                let lost = format!(
                    "S2: client {number} was granted {address}, and now its holder is {held:?}"
                );
                return Err(Lost(lost).into());
            }
        }
        Ok(())
    }

    fn newcomer(&mut self) -> u32 {
        self.known += 1;
        self.known
    }

    /// Whether the client is acknowledged an address.
    async fn ask(
        &mut self,
        number: u32,
        nodes: &mut [NodeProcess],
        site: &Site,
        report: &mut NodesReport,
    ) -> Result<bool> {
        let through = self.rng.usize(0..nodes.len());
        let node = &mut nodes[through];
        let answer = match node.obtain(number).await {
            // Whoever has lost its power owes no answer.
            Err(_) if !site.device(node.index()).is_on() => None,
            answer => answer?,
        };
        match answer {
            Some(address) => {
                report.grants += 1;
                self.granted.insert(number, address);
            }
            None => report.unknown += 1,
        }
        Ok(answer.is_some())
    }
}

/// Who holds an address.
fn holder(state: &State, address: Ipv4Addr) -> Option<&ClientKey> {
    let lease = state.subnet_containing(address)?.leases().get(address)?;
    matches!(lease.state, LeaseState::Bound { .. }).then_some(&lease.client)
}

/// The client with this number, as the cluster knows it.
fn key(number: u32) -> ClientKey {
    IdentityPolicy::HardwareAddress.key(&client(number))
}
