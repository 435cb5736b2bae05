//! Answering requests: one task each, from the datagram to the reply.

use super::Shared;
use crate::addressing::Destination;
use crate::decide::{Arrival, Silence};
use crate::engine::Received;
use crate::limits::{GIVE_UP_DEADLINE, REPLY_DEADLINE};
use crate::port::ProposeError;
use crate::reply::{Body, Reply};
use crate::socket::frame::{self, ETHERNET_BROADCAST, End};
use crate::socket::{CLIENT_PORT, SERVER_PORT};
use crate::transaction::{Input, Next, Transaction};
use ipam::Command;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A transaction that is given back to the engine when its task ends, also by a panic or an abort.
struct Held {
    shared: Arc<Shared>,
    transaction: Transaction,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.engine().finish(&self.transaction);
    }
}

impl Shared {
    /// Takes a datagram up, and begins a task if there is anything to do.
    pub(super) fn receive(
        self: &Arc<Self>,
        datagram: Option<(&[u8], Ipv4Addr)>,
        arrival: fn(Ipv4Addr) -> Arrival,
        requests: &mut JoinSet<()>,
    ) {
        let Some((datagram, source)) = datagram else {
            return;
        };
        let now = self.now();
        let received = self
            .engine()
            .receive(now, datagram, arrival(source), &*self.service);
        match received {
            Received::Dropped(reason) => {
                self.counters.dropped(reason);
                self.log.dropped(now, reason);
            }
            Received::Silent(packet, silence) => {
                self.counters.received(packet.message_type);
                self.silent(silence);
            }
            Received::Begun(transaction, next) => {
                self.counters.received(transaction.packet().message_type);
                let held = Held {
                    shared: Arc::clone(self),
                    transaction: *transaction,
                };
                requests.spawn(answer(held, next));
            }
        }
    }

    fn silent(&self, silence: Silence) {
        self.counters.silent(silence);
        self.log.silent(self.now(), silence, &*self.service);
    }

    /// A proposal is waited for as long as its outcome can still be told to somebody.
    async fn propose(&self, command: Command, transaction: &Transaction) -> Input {
        let limit = if transaction.awaits_reply() {
            REPLY_DEADLINE
        } else {
            GIVE_UP_DEADLINE
        };
        let left = limit.saturating_sub(self.now().since(transaction.arrived()));
        let outcome = timeout(left, self.service.propose(command)).await;
        Input::Proposed(outcome.unwrap_or(Err(ProposeError::Unknown)))
    }

    async fn probe(&self, address: Ipv4Addr, transaction: &Transaction) -> Input {
        let client = transaction.packet().hardware.bytes().try_into().ok();
        match self.prober.probe(address, client).await {
            Ok(finding) => {
                self.probed(address, finding);
                Input::Probed(address, finding)
            }
            Err(error) => {
                self.log.probe_failed(self.now(), &error);
                Input::ProbeFailed
            }
        }
    }

    async fn send(&self, transaction: &Transaction, reply: &Reply) {
        let reply_type = reply.body.reply_type();
        match self.transmit(reply).await {
            Ok(()) => {
                let took = self.now().since(transaction.arrived());
                self.counters.sent(reply_type, took);
                self.counters.left_out(reply.options_left_out);
                log_reply(transaction, reply);
            }
            Err(source) => {
                self.counters.send_failed();
                self.log.send_failed(self.now(), &source);
            }
        }
    }

    async fn transmit(&self, reply: &Reply) -> io::Result<()> {
        let broadcast = End {
            hardware: ETHERNET_BROADCAST,
            ip: Ipv4Addr::BROADCAST,
        };
        match reply.destination {
            Destination::Relay(relay) => self
                .unicast
                .send_to(&reply.bytes, (relay, SERVER_PORT))
                .await
                .map(drop),
            Destination::Client(client) => self
                .unicast
                .send_to(&reply.bytes, (client, CLIENT_PORT))
                .await
                .map(drop),
            Destination::Broadcast => self.transmit_frame(broadcast, &reply.bytes).await,
            Destination::Link { address, hardware } => {
                self.transmit_frame(
                    End {
                        hardware,
                        ip: address,
                    },
                    &reply.bytes,
                )
                .await
            }
        }
    }

    async fn transmit_frame(&self, to: End, payload: &[u8]) -> io::Result<()> {
        let hardware = self.interface.hardware();
        let from = End {
            hardware,
            ip: self.identity.server_identifier,
        };
        let frame = frame::server_to_client(from, to, payload).map_err(io::Error::other)?;
        self.link.send(&frame).await
    }
}

/// One request, from its first step to its last.
async fn answer(mut held: Held, mut next: Next) {
    let shared = Arc::clone(&held.shared);
    loop {
        let input = match next {
            Next::Propose(command) => shared.propose(command, &held.transaction).await,
            Next::Probe(address) => shared.probe(address, &held.transaction).await,
            Next::Reply(reply) => return shared.send(&held.transaction, &reply).await,
            Next::Silent(silence) => return shared.silent(silence),
            Next::Done => {
                let client = held.transaction.client();
                let message = held.transaction.packet().message_type.name();
                return tracing::info!(%client, message, "the client gave its address up");
            }
        };
        next = shared
            .engine()
            .resume(shared.now(), &mut held.transaction, input);
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
