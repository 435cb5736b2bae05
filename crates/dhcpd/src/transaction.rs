//! One request on its way to a reply, or to silence. Pure.
//!
//! ```text
//!  DISCOVER ─► Offering ─Offered─► Probing ─clear─► OFFER
//!                 ▲                   └─in use─► Quarantining ─┐
//!                 └────────── at most so often ────────────────┘
//!  REQUEST ─► Granting ─Granted─► ACK          DECLINE, RELEASE ─► GivingUp ─► done
//!                      ─Refused─► NAK or silence         INFORM ─► ACK without a lease
//! ```
//!
//! **Invariants.** A DHCPACK that carries a lease is made in one place, from [`Verdict::Ack`] (S2).
//! A new client is offered only what a probe found clear (L6). An unknown outcome ends in silence.
//! **Dropping** a transaction at any stage is safe: what it proposed is committed or not, and the
//! client, having heard nothing, asks again.

use crate::Moment;
use crate::codec::Packet;
use crate::decide::{Intent, Silence, Verdict, on_grant, on_offer};
use crate::engine::ServerIdentity;
use crate::limit::InFlightKey;
use crate::limits::{MAX_CONFLICTS_PER_OFFER, MAX_MAX_MESSAGE_SIZE};
use crate::port::{ClientView, ProposeError};
use crate::probe::Finding;
use crate::reply::{self, Body, Reply};
use ipam::{
    ClientKey, Command, DeclineAddress, GrantLease, GrantRef, Granted, OfferLease, Outcome,
    QuarantineAddress, Refusal, ReleaseLease, RequestKind, Span, SubnetConfig,
};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What came of what was to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Of a proposal.
    Proposed(Result<Outcome, ProposeError>),
    /// Of a conflict probe of this address.
    Probed(Ipv4Addr, Finding),
    /// A conflict probe could not be made.
    ProbeFailed,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Propose it, and resume with its outcome.
    Propose(Command),
    /// Probe the address, and resume with what was found.
    Probe(Ipv4Addr),
    /// Send it, and finish.
    Reply(Reply),
    /// It is done, and there is nothing to say about it. Finish.
    Done,
    /// Say nothing, and finish.
    Silent(Silence),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Transaction {
    identity: ServerIdentity,
    packet: Packet,
    client: ClientKey,
    key: InFlightKey,
    config: Arc<SubnetConfig>,
    arrived: Moment,
    link_mtu: u16,
    stage: Stage,
    conflicts: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Offering,
    Probing { address: Ipv4Addr, lease_time: Span },
    Quarantining,
    Granting,
    GivingUp,
}

impl Transaction {
    pub(crate) fn new(
        identity: ServerIdentity,
        packet: Packet,
        key: InFlightKey,
        config: Arc<SubnetConfig>,
        arrived: Moment,
    ) -> Self {
        let client = config.identity.key(&packet.identity());
        let (stage, conflicts) = (Stage::Offering, 0);
        Self {
            identity,
            packet,
            client,
            key,
            config,
            arrived,
            link_mtu: MAX_MAX_MESSAGE_SIZE,
            stage,
            conflicts,
        }
    }

    /// The longest IP datagram that the link carries, in bytes: no reply is longer.
    pub(crate) const fn on_link_of(mut self, mtu: u16) -> Self {
        self.link_mtu = mtu;
        self
    }

    /// The client's message.
    #[must_use]
    pub const fn packet(&self) -> &Packet {
        &self.packet
    }

    /// The client, as the subnet knows it.
    #[must_use]
    pub const fn client(&self) -> &ClientKey {
        &self.client
    }

    /// When the request arrived.
    #[must_use]
    pub const fn arrived(&self) -> Moment {
        self.arrived
    }

    pub(crate) const fn in_flight_key(&self) -> &InFlightKey {
        &self.key
    }

    /// Whether the client waits for an answer: not if it gives something up.
    #[must_use]
    pub fn awaits_reply(&self) -> bool {
        self.stage != Stage::GivingUp
    }

    /// The first step. `given_up` is the grant that a DHCPRELEASE or DHCPDECLINE ends; `known` is
    /// what this node has applied of the client, and decides nothing (S6).
    pub(crate) fn begin(&mut self, intent: Intent, given_up: GrantRef, known: ClientView) -> Next {
        match intent {
            Intent::Discover { .. } => self.propose_offer(),
            Intent::Request { address, kind, .. }
                if ipam::mutated!("s6_nak_from_local_read")
                    && kind != RequestKind::Selecting
                    && known.lease.is_none_or(|(own, _)| own != address) =>
            {
                self.reply(&Body::Nak(Refusal::NotAvailable(address)))
            }
            Intent::Request { address, .. } if ipam::mutated!("s2_ack_before_commit") => {
                self.ack_uncommitted(address)
            }
            Intent::Request { address, kind, .. } => self.propose_grant(address, kind),
            Intent::Decline { address, .. } => self.propose_decline(address, given_up),
            Intent::Release { address, .. } => self.propose_release(address, given_up),
            Intent::Inform { .. } => self.reply(&Body::InformAck),
        }
    }

    /// The first step for a client for which `address` is held already.
    pub(crate) fn offer_held(&mut self, address: Ipv4Addr, probed: bool) -> Next {
        let lease_time = self.config.times.grant(None);
        self.offer(address, lease_time, probed)
    }

    /// The next step.
    pub(crate) fn resume(&mut self, input: Input) -> Next {
        match input {
            Input::Proposed(Ok(outcome)) => self.on_outcome(outcome),
            Input::Proposed(Err(ProposeError::Unavailable(_))) => {
                Next::Silent(Silence::Unavailable)
            }
            Input::Proposed(Err(ProposeError::Unknown))
                if ipam::mutated!("s2_ack_on_unknown") && self.stage == Stage::Granting =>
            {
                let ciaddr = self.packet.ciaddr;
                self.ack_uncommitted(self.packet.requested_address.unwrap_or(ciaddr))
            }
            Input::Proposed(Err(ProposeError::Unknown)) => Next::Silent(Silence::UnknownOutcome),
            Input::Probed(address, finding) => self.on_finding(address, finding),
            Input::ProbeFailed => Next::Silent(Silence::ProbeFailed),
        }
    }

    fn on_outcome(&mut self, outcome: Outcome) -> Next {
        match self.stage {
            Stage::Offering => match on_offer(outcome) {
                Ok(offered) => self.offer(offered.address, offered.lease_time, offered.returning),
                Err(silence) => Next::Silent(silence),
            },
            // Refused: the address found an owner meanwhile. Either way, what next?
            Stage::Quarantining => self.propose_offer(),
            Stage::Granting => match on_grant(outcome) {
                Verdict::Ack(granted) => self.reply(&Body::Ack(granted)),
                Verdict::Nak(refusal) => self.reply(&Body::Nak(refusal)),
                Verdict::Silent(silence) => Next::Silent(silence),
            },
            Stage::GivingUp => match outcome {
                Outcome::Done => Next::Done,
                Outcome::Refused(_) => Next::Silent(Silence::NothingHeld),
                Outcome::Offered(_) | Outcome::Granted(_) => {
                    Next::Silent(Silence::UnexpectedOutcome)
                }
            },
            Stage::Probing { .. } => Next::Silent(Silence::UnexpectedOutcome),
        }
    }

    fn on_finding(&mut self, probed: Ipv4Addr, finding: Finding) -> Next {
        let Stage::Probing {
            address,
            lease_time,
        } = self.stage
        else {
            return Next::Silent(Silence::UnexpectedOutcome);
        };
        if probed != address {
            return Next::Silent(Silence::UnexpectedOutcome);
        }
        match finding {
            Finding::InUse { hardware } if self.packet.hardware.bytes() != hardware => {
                self.propose_quarantine(address)
            }
            // The client itself answers when it still uses the address from before.
            Finding::Clear | Finding::InUse { .. } => self.offer(address, lease_time, true),
        }
    }

    fn offer(&mut self, address: Ipv4Addr, lease_time: Span, probed: bool) -> Next {
        if probed || ipam::mutated!("l6_offer_without_probe") {
            return self.reply(&Body::Offer {
                address,
                lease_time,
            });
        }
        self.stage = Stage::Probing {
            address,
            lease_time,
        };
        Next::Probe(address)
    }

    fn propose_offer(&mut self) -> Next {
        self.stage = Stage::Offering;
        Next::Propose(Command::OfferLease(OfferLease {
            subnet: self.identity.subnet,
            client: self.packet.identity(),
            requested: self.packet.requested_address,
            hostname: self.packet.hostname.clone(),
            node: self.identity.node,
        }))
    }

    fn propose_grant(&mut self, address: Ipv4Addr, kind: RequestKind) -> Next {
        self.stage = Stage::Granting;
        let seconds = self.packet.lease_time.map(u64::from);
        Next::Propose(Command::GrantLease(GrantLease {
            subnet: self.identity.subnet,
            client: self.packet.identity(),
            address,
            kind,
            lease_time: seconds.map(Span::from_secs),
            hostname: self.packet.hostname.clone(),
            node: self.identity.node,
        }))
    }

    fn propose_decline(&mut self, address: Ipv4Addr, grant: GrantRef) -> Next {
        self.stage = Stage::GivingUp;
        let (subnet, client) = (self.identity.subnet, self.packet.identity());
        Next::Propose(Command::DeclineAddress(DeclineAddress {
            subnet,
            client,
            address,
            grant,
        }))
    }

    fn propose_release(&mut self, address: Ipv4Addr, grant: GrantRef) -> Next {
        self.stage = Stage::GivingUp;
        let (subnet, client) = (self.identity.subnet, self.packet.identity());
        Next::Propose(Command::ReleaseLease(ReleaseLease {
            subnet,
            client,
            address,
            grant,
        }))
    }

    fn propose_quarantine(&mut self, address: Ipv4Addr) -> Next {
        self.conflicts += 1;
        if self.conflicts > MAX_CONFLICTS_PER_OFFER {
            return Next::Silent(Silence::ConflictAfterConflict);
        }
        self.stage = Stage::Quarantining;
        let (subnet, node) = (self.identity.subnet, self.identity.node);
        Next::Propose(Command::QuarantineAddress(QuarantineAddress {
            subnet,
            address,
            node,
        }))
    }

    /// What S2 forbids: only mutations come here.
    fn ack_uncommitted(&self, address: Ipv4Addr) -> Next {
        let lease_time = self.config.times.grant(None);
        self.reply(&Body::Ack(Granted {
            address,
            lease_time,
        }))
    }

    fn reply(&self, body: &Body) -> Next {
        match reply::build(
            &self.packet,
            body,
            &self.config,
            self.identity.server_identifier,
            self.link_mtu,
        ) {
            Ok(reply) => Next::Reply(reply),
            Err(source) => {
                tracing::error!(client = %self.client, error = %source, "a reply cannot be encoded");
                Next::Silent(Silence::NotEncodable)
            }
        }
    }
}
