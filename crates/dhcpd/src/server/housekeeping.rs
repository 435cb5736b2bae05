//! What is done every second: a look at the interface, and probing ahead (L6).

use super::suspects::Suspects;
use super::{ServerError, Shared};
use crate::limits::PROBED_AHEAD;
use crate::probe::Finding;
use futures::future::join_all;
use ipam::{ClientIdentity, HardwareAddress};
use std::net::Ipv4Addr;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::task::JoinSet;

impl Shared {
    /// One round. An error if the interface is gone: nothing is heard on it any more.
    pub(super) fn housekeep(
        self: &Arc<Self>,
        background: &mut JoinSet<()>,
    ) -> Result<(), ServerError> {
        self.link.check().map_err(|source| ServerError::Socket {
            interface: self.link.name().to_owned(),
            source,
        })?;
        self.engine().set_link_mtu(self.link.mtu());
        self.judge_suspects();
        // One batch at a time: that bounds the traffic.
        if background.is_empty() {
            let addresses = self.to_probe();
            if !addresses.is_empty() {
                background.spawn(probe_ahead(Arc::clone(self), addresses));
            }
        }
        Ok(())
    }

    /// Notes what a probe found. Whether it is a conflict shows a little later.
    pub(super) fn probed(&self, address: Ipv4Addr, finding: Finding) {
        self.counters.probed();
        if let Finding::InUse { hardware } = finding {
            self.suspects().note(address, hardware, self.now());
        }
    }

    /// Whoever has, or had, the address as a client of ours is nobody to warn of.
    fn judge_suspects(&self) {
        let settled = self.suspects().settled(self.now());
        for (address, hardware) in settled {
            let client = ClientIdentity {
                hardware: HardwareAddress::ethernet(hardware),
                identifier: None,
            };
            let known = self.service.client(self.identity.subnet, &client).lease;
            if known.is_none_or(|(held, _)| held != address) {
                self.counters.conflict();
                self.log.conflict(self.now(), address, hardware);
            }
        }
    }

    fn suspects(&self) -> MutexGuard<'_, Suspects> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn to_probe(&self) -> Vec<Ipv4Addr> {
        let now = self.now();
        if !self.engine().probes_ahead(now) || !self.service.service().in_service {
            return Vec::new();
        }
        let candidates = self
            .service
            .free_candidates(self.identity.subnet, PROBED_AHEAD);
        self.engine().to_probe(now, &candidates)
    }

    async fn probe_one_ahead(&self, address: Ipv4Addr) {
        match self.link.probe(address, None).await {
            Ok(finding) => {
                self.probed(address, finding);
                self.engine().note_probe(self.now(), address, finding);
            }
            Err(error) => self.log.probe_failed(self.now(), &error),
        }
    }
}

async fn probe_ahead(shared: Arc<Shared>, addresses: Vec<Ipv4Addr>) {
    join_all(
        addresses
            .into_iter()
            .map(|address| shared.probe_one_ahead(address)),
    )
    .await;
}
