//! What is done every second: a look at the interface, and probing ahead (L6).

use super::possible_conflicts::PossibleConflicts;
use super::rechecks::falls_to;
use super::{ServerError, Shared};
use crate::limits::{GIVE_UP_DEADLINE, MAX_RECHECKED, PROBED_AHEAD, PROBED_BEFORE_RETURN};
use crate::port::LeaseService;
use crate::probe::{Answers, ProbeError, ProbeResult};
use futures::future::join_all;
use ipam::{
    ClientIdentity, ClusterTime, HardwareAddress, LeaseCommand, LiftQuarantine, Outcome, RequestId,
    SubnetId,
};
use std::net::Ipv4Addr;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument;

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
        self.report_conflicts();
        // One batch at a time: that bounds the traffic.
        if background.is_empty() {
            let addresses = self.to_probe();
            if !addresses.is_empty() {
                background.spawn(probe_ahead(Arc::clone(self), addresses));
            }
            if let Some((address, until)) = self.to_recheck() {
                let request = self.service.new_request();
                let span = tracing::debug_span!("request", %request, %address);
                let recheck = recheck(Arc::clone(self), request, address, until);
                background.spawn(recheck.instrument(span));
            }
        }
        Ok(())
    }

    /// Notes what a probe found. Whether it is a conflict shows a little later.
    pub(super) fn probed(&self, address: Ipv4Addr, result: ProbeResult) {
        self.counters.probed();
        if let ProbeResult::InUse { hardware } = result {
            self.possible_conflicts()
                .note(address, hardware, self.now());
        }
    }

    /// Warns of each address in use, unless a client that has or had a lease on it uses it.
    fn report_conflicts(&self) {
        let due = self.possible_conflicts().take_due(self.now());
        for (address, hardware) in due {
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

    fn possible_conflicts(&self) -> MutexGuard<'_, PossibleConflicts> {
        self.possible_conflicts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn to_probe(&self) -> Vec<Ipv4Addr> {
        let (now, service) = (self.now(), self.service.service());
        if !self.engine().probes_ahead(now) || !service.in_service {
            return Vec::new();
        }
        let next = next_in_line(self.service.as_ref(), self.identity.subnet, service.clock);
        self.engine().to_probe(now, &next)
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
        if self.has_relays && matches!(found, Ok(ProbeResult::Clear)) {
            found = self.link.echo(address).await;
        }
        match found {
            Ok(result) => result == ProbeResult::Clear,
            Err(error) => {
                self.log.probe_failed(self.now(), &error);
                false
            }
        }
    }

    /// Asks by ARP who else than the client uses an address. Machines that answer for every address are ignored.
    pub(super) async fn ask(
        &self,
        address: Ipv4Addr,
        client: Option<[u8; 6]>,
    ) -> Result<Answers, ProbeError> {
        let mut except = self.engine().indiscriminate(self.now());
        except.extend(client);
        self.link.probe(address, &except).await
    }

    /// The same for an address that should be free; an answer is noted.
    pub(super) async fn probe_free(
        &self,
        address: Ipv4Addr,
        client: Option<[u8; 6]>,
    ) -> Result<ProbeResult, ProbeError> {
        let answers = self.ask(address, client).await?;
        let now = self.now();
        if let Some(hardware) = self.engine().note_answers(now, address, answers) {
            self.counters.indiscriminate();
            self.log.indiscriminate(now, hardware);
        }
        Ok(answers.result())
    }

    async fn probe_one_ahead(&self, address: Ipv4Addr) {
        match self.probe_free(address, None).await {
            Ok(result) => {
                self.probed(address, result);
                self.engine().note_probe(self.now(), address, result);
            }
            Err(error) => self.log.probe_failed(self.now(), &error),
        }
    }
}

/// The addresses that the next new clients would be offered, and those that come back from quarantine within
/// [`PROBED_BEFORE_RETURN`].
fn next_in_line(view: &dyn LeaseService, subnet: SubnetId, clock: ClusterTime) -> Vec<Ipv4Addr> {
    let soon = clock + PROBED_BEFORE_RETURN;
    let quarantined = view.quarantined(subnet, PROBED_AHEAD);
    let return_soon = quarantined.into_iter().filter(|(_, until)| *until <= soon);
    let mut next = view.free_candidates(subnet, PROBED_AHEAD);
    next.extend(return_soon.map(|(address, _)| address));
    next
}

/// Probes a quarantined address again, and has it freed if nobody is there (S7).
async fn recheck(shared: Arc<Shared>, request: RequestId, address: Ipv4Addr, until: ClusterTime) {
    if !shared.is_clear(address).await {
        return;
    }
    let lift = LeaseCommand::LiftQuarantine(LiftQuarantine {
        subnet: shared.identity.subnet,
        address,
        node: shared.identity.node,
        until,
    });
    let proposed = shared.service.propose(request, lift);
    let outcome = timeout(GIVE_UP_DEADLINE, proposed).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::LeaseView;
    use crate::testing::{MemoryLeaseService, subnet_config};
    use ipam::{Command, NodeId, OfferLease, QuarantineAddress, Span};

    #[test]
    fn l3_conflict_is_known_before_its_quarantine_ends() {
        let config = subnet_config();
        let node = (NodeId(1), Ipv4Addr::new(10, 15, 3, 10));
        let service = MemoryLeaseService::new(&config, &[node]);
        let address = config.pool.first();
        service.apply(&Command::from(OfferLease {
            subnet: config.id,
            client: ClientIdentity {
                hardware: HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]),
                identifier: None,
            },
            requested: Some(address),
            lease_time: None,
            hostname: None,
            node: node.0,
            avoid: Vec::new(),
        }));
        service.apply(&Command::from(QuarantineAddress {
            subnet: config.id,
            address,
            node: node.0,
        }));
        let is_next = |service: &MemoryLeaseService| {
            let clock = service.service().clock;
            next_in_line(service, config.id, clock).contains(&address)
        };
        service.pass(Span(config.times.quarantine.0 - PROBED_BEFORE_RETURN.0 - 1));
        assert!(!is_next(&service), "nobody will be offered it for long");
        service.pass(Span(1));
        assert!(is_next(&service));
    }
}
