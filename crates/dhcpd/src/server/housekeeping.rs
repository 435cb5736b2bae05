//! What is done every second: a look at the interface, and probing ahead (L6).

use super::rechecks::falls_to;
use super::suspects::Suspects;
use super::{ServerError, Shared};
use crate::limits::{GIVE_UP_DEADLINE, MAX_RECHECKED, PROBED_AHEAD};
use crate::probe::{Answers, Finding, ProbeError};
use futures::future::join_all;
use ipam::{ClientIdentity, ClusterTime, Command, HardwareAddress, LiftQuarantine, Outcome};
use std::net::Ipv4Addr;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio::time::timeout;

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
            if let Some((address, until)) = self.to_recheck() {
                background.spawn(recheck(Arc::clone(self), address, until));
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

    /// The quarantined address to probe again now, if it falls to this node.
    fn to_recheck(&self) -> Option<(Ipv4Addr, ClusterTime)> {
        let (service, subnet) = (self.service.service(), self.identity.subnet);
        let is_ours = falls_to(self.identity.node, &service.nodes_in_service);
        if !service.in_service || !is_ours {
            return None;
        }
        let quarantined = self.service.quarantined(subnet, MAX_RECHECKED);
        let times = self.service.subnet_config(subnet)?.times;
        let mut rechecks = self.rechecks.lock().unwrap_or_else(PoisonError::into_inner);
        rechecks.next(&quarantined, &times, service.clock, self.now())
    }

    /// Whether nobody answers there: by ARP, and by an echo where clients are behind relays.
    async fn is_clear(&self, address: Ipv4Addr) -> bool {
        let mut found = self.probe_free(address, None).await;
        if self.has_relays && matches!(found, Ok(Finding::Clear)) {
            found = self.link.echo(address).await;
        }
        match found {
            Ok(finding) => finding == Finding::Clear,
            Err(error) => {
                self.log.probe_failed(self.now(), &error);
                false
            }
        }
    }

    /// Asks by ARP who beside the client is on an address. Who answers for all does not count.
    pub(super) async fn ask(
        &self,
        address: Ipv4Addr,
        client: Option<[u8; 6]>,
    ) -> Result<Answers, ProbeError> {
        let mut except = self.engine().indiscriminate(self.now());
        except.extend(client);
        self.link.probe(address, &except).await
    }

    /// The same of an address where nobody should be; who answers there is noted.
    pub(super) async fn probe_free(
        &self,
        address: Ipv4Addr,
        client: Option<[u8; 6]>,
    ) -> Result<Finding, ProbeError> {
        let answers = self.ask(address, client).await?;
        let now = self.now();
        if let Some(hardware) = self.engine().note_answers(now, address, answers) {
            self.counters.indiscriminate();
            self.log.indiscriminate(now, hardware);
        }
        Ok(answers.finding())
    }

    async fn probe_one_ahead(&self, address: Ipv4Addr) {
        match self.probe_free(address, None).await {
            Ok(finding) => {
                self.probed(address, finding);
                self.engine().note_probe(self.now(), address, finding);
            }
            Err(error) => self.log.probe_failed(self.now(), &error),
        }
    }
}

/// Probes a quarantined address again, and has it freed if nobody is there (S7).
async fn recheck(shared: Arc<Shared>, address: Ipv4Addr, until: ClusterTime) {
    if !shared.is_clear(address).await {
        return;
    }
    let lift = Command::LiftQuarantine(LiftQuarantine {
        subnet: shared.identity.subnet,
        address,
        node: shared.identity.node,
        until,
    });
    let outcome = timeout(GIVE_UP_DEADLINE, shared.service.propose(lift)).await;
    match outcome {
        Ok(Ok(Outcome::Done)) => tracing::info!(%address, "nobody is there any more: free again"),
        // Somebody else freed it, or it will be tried again.
        other => tracing::debug!(%address, ?other, "the quarantine goes on"),
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
