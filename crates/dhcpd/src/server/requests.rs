//! Answering requests: one task each, from the datagram to the reply.

use super::Shared;
use crate::codec::{Packet, sender};
use crate::decide::{Arrival, NoReplyReason};
use crate::engine::Received;
use crate::limits::{GIVE_UP_DEADLINE, REPLY_DEADLINE};
use crate::packet_log::{Disposition, Mark, PacketLog, PacketRecord};
use crate::port::ProposeError;
use crate::probe::{Answers, ProbeResult};
use crate::reply::{Body, Reply};
use crate::transaction::{Input, Next, Transaction};
use ipam::{LeaseCommand, Outcome, RequestId};
use std::net::Ipv4Addr;
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{Instrument, Span};

/// A transaction that is given back to the engine when its task ends, also by a panic or an abort.
struct Held {
    shared: Arc<Shared>,
    transaction: Transaction,
    mark: Mark,
    /// What its lines in the logs of all nodes have in common.
    request: RequestId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.engine().finish(&self.transaction);
    }
}

impl Shared {
    /// Processes a datagram, and starts a task if there is anything to do.
    pub(super) fn receive(
        self: &Arc<Self>,
        datagram: &[u8],
        arrival: Arrival,
        requests: &mut JoinSet<()>,
    ) {
        let now = self.now();
        // The engine has to know the bridge port of a client that declines before it decides.
        if let Some(hardware) = arrival.hardware {
            self.note_port(hardware);
        }
        let received = self
            .engine()
            .receive(now, datagram, arrival, &*self.service);
        match received {
            Received::Dropped(reason) => {
                self.counters.dropped(reason);
                self.log.dropped(now, reason);
                if let Some(sender) = sender(datagram) {
                    let seen = PacketRecord::of_malformed(sender, reason, arrival, now);
                    self.packet_log().note(seen, None);
                }
            }
            Received::NoReply(packet, reason) => {
                let _span = request_span(self.service.new_request(), &packet).entered();
                tracing::debug!("received");
                self.counters.received(packet.message_type);
                let mark = self.note(&packet, arrival);
                self.no_reply(reason, None, &packet, &mark);
            }
            Received::Begun(transaction, next) => {
                let request = self.service.new_request();
                let span = request_span(request, transaction.packet());
                span.in_scope(|| tracing::debug!("received"));
                self.counters.received(transaction.packet().message_type);
                let held = Held {
                    shared: Arc::clone(self),
                    mark: self.note(transaction.packet(), arrival),
                    transaction: *transaction,
                    request,
                };
                requests.spawn(answer(held, next).instrument(span));
            }
        }
    }

    fn note_port(&self, hardware: [u8; 6]) {
        let port = self.link.port_of(hardware);
        self.engine().note_port(hardware, port);
    }

    fn packet_log(&self) -> MutexGuard<'_, PacketLog> {
        self.packet_log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, packet: &Packet, arrival: Arrival) -> Mark {
        let seen = PacketRecord::of(packet, arrival, self.now());
        self.packet_log()
            .note(seen, packet.client_identifier.as_ref())
    }

    /// `detail` is the refusal or error, if there was one.
    fn no_reply(&self, reason: NoReplyReason, detail: Option<&str>, packet: &Packet, mark: &Mark) {
        self.counters.no_reply(reason);
        self.log
            .no_reply(self.now(), reason, &packet.hardware, &*self.service);
        let not_serving = match reason {
            NoReplyReason::OutOfService => self.service.service().reason,
            _ => None,
        };
        let disposition = Disposition::no_reply(reason, not_serving.as_deref().or(detail));
        self.packet_log().end(mark, disposition);
    }

    /// Waits for a proposal as long as its outcome can still be sent to the client.
    async fn propose(&self, command: LeaseCommand, held: &Held) -> Input {
        let transaction = &held.transaction;
        let limit = if transaction.awaits_reply() {
            REPLY_DEADLINE
        } else {
            GIVE_UP_DEADLINE
        };
        //~ mutant t6_late_reply: let limit = GIVE_UP_DEADLINE;
        let left = limit.saturating_sub(self.now().since(transaction.arrived()));
        let outcome = timeout(left, self.service.propose(held.request, command)).await;
        Input::Proposed(outcome.unwrap_or(Err(ProposeError::Unknown)))
    }

    async fn probe(&self, address: Ipv4Addr, transaction: &Transaction) -> Input {
        let found = if transaction.probes_by_echo() {
            self.link.echo(address).await
        } else {
            let client = transaction.packet().hardware.bytes().try_into().ok();
            if transaction.probes_a_free_address() {
                self.probe_free(address, client).await
            } else {
                // It may be any address of the network: what is found there says nothing of who answers.
                self.ask(address, client).await.map(Answers::result)
            }
        };
        match found {
            Ok(result) => {
                self.probed(address, result);
                if let ProbeResult::InUse { hardware } = result {
                    self.note_port(hardware);
                }
                Input::Probed(address, result)
            }
            Err(error) => {
                self.log.probe_failed(self.now(), &error);
                Input::ProbeFailed
            }
        }
    }

    async fn send(&self, held: &Held, reply: &Reply) {
        let reply_type = reply.body.reply_type();
        match self.link.send(reply.destination, &reply.bytes).await {
            Ok(()) => {
                let took = self.now().since(held.transaction.arrived());
                self.counters.sent(reply_type, took);
                self.counters.left_out(reply.options_left_out);
                log_reply(&held.transaction, reply);
                self.packet_log()
                    .end(&held.mark, Disposition::answered(reply));
            }
            Err(source) => {
                self.counters.send_failed();
                self.log.send_failed(self.now(), &source);
                let detail = source.to_string();
                let packet = held.transaction.packet();
                self.no_reply(NoReplyReason::SendFailed, Some(&detail), packet, &held.mark);
            }
        }
    }
}

/// The span of a packet that is processed: whatever is said of it, is said in this span.
fn request_span(request: RequestId, packet: &Packet) -> Span {
    tracing::debug_span!(
        "request",
        %request,
        xid = format_args!("{:#x}", packet.xid),
        client = %packet.hardware,
        message_type = %packet.message_type.name(),
    )
}

/// One request, from its first step to its last.
async fn answer(mut held: Held, mut next: Next) {
    let shared = Arc::clone(&held.shared);
    let mut detail = None;
    loop {
        let input = match next {
            Next::Propose(command) => shared.propose(command, &held).await,
            Next::Probe(address) => shared.probe(address, &held.transaction).await,
            Next::Reply(reply) => return shared.send(&held, &reply).await,
            Next::NoReply(reason) => {
                let packet = held.transaction.packet();
                return shared.no_reply(reason, detail.as_deref(), packet, &held.mark);
            }
            Next::Done => {
                let client = held.transaction.client();
                let message = held.transaction.packet().message_type.name();
                shared.packet_log().end(&held.mark, Disposition::Done);
                return tracing::info!(%client, message, "lease released or declined");
            }
        };
        detail = detail_of(&input);
        next = shared
            .engine()
            .resume(shared.now(), &mut held.transaction, input, &*shared.service);
    }
}

/// What the cluster or a probe said, for people.
fn detail_of(input: &Input) -> Option<String> {
    match input {
        Input::Proposed(Err(ProposeError::Unavailable(reason))) => Some(reason.clone()),
        Input::Proposed(Ok(Outcome::Refused(refusal))) => Some(refusal.to_string()),
        _ => None,
    }
}

fn log_reply(transaction: &Transaction, reply: &Reply) {
    let client = transaction.client();
    match &reply.body {
        Body::Ack(granted) => tracing::info!(
            %client,
            address = %granted.address,
            seconds = granted.lease_time.as_secs(),
            "lease granted"
        ),
        Body::Nak(refusal) => tracing::info!(%client, %refusal, "request refused"),
        Body::Offer { address, .. } => tracing::debug!(%client, %address, "lease offered"),
        Body::InformAck => tracing::debug!(%client, "parameters told"),
    }
}
