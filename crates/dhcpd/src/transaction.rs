//! One request on its way to a reply, or to a [`NoReplyReason`]. Pure.
//!
//! ```text
//!  DISCOVER ─► Offering ─Offered─► Probing ─clear─► OFFER
//!                 ▲                   └─in use─► Quarantining ─┐
//!                 └────────── at most so often ────────────────┘
//!  REQUEST ─► Granting ─Granted─► ACK          DECLINE, RELEASE ─► GivingUp ─► done
//!     │          ▲      ─Refused─► NAK or no reply        INFORM ─► ACK without a lease
//!     └─► ProbingGrant: of what the client neither holds nor was offered here
//! ```
//!
//! **Invariants.** A DHCPACK that carries a lease is made in one place, from [`Verdict::Ack`] (S2).
//! A new client is offered, or granted without an offer, only what a probe found clear (L6). An unknown outcome gets no reply.
//! **Dropping** a transaction at any stage is safe: what it proposed is committed or not, and the
//! client, having received nothing, asks again.

use crate::MonotonicTime;
use crate::codec::Packet;
use crate::decide::{Intent, NoReplyReason, Verdict, on_grant, on_offer};
use crate::engine::ServerIdentity;
use crate::limit::InFlightKey;
use crate::limits::{MAX_CONFLICTS_PER_OFFER, MAX_MAX_MESSAGE_SIZE};
use crate::port::{ClientView, ProposeError};
use crate::probe::ProbeResult;
use crate::reply::{self, Body, Reply};
use ipam::{
    ClientKey, ConflictProbe, DeclineAddress, GrantLease, GrantRef, LeaseCommand, LeaseRefusal,
    LeaseState, OfferLease, Outcome, QuarantineAddress, Refusal, ReleaseLease, RequestKind, Span,
    SubnetConfig,
};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Of a proposal.
    Proposed(Result<Outcome, ProposeError>),
    /// Of a conflict probe of this address.
    Probed(Ipv4Addr, ProbeResult),
    /// The probe was answered by somebody who has reported too many conflicts for the address to be
    /// quarantined (S7). The address is not offered all the same (L6).
    UnconfirmedConflict(Ipv4Addr),
    /// A conflict probe could not be made.
    ProbeFailed,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "one lives at a time, for the length of a call"
)]
pub enum Next {
    /// Propose it, and resume with its outcome.
    Propose(LeaseCommand),
    /// Probe the address, and resume with what was found.
    Probe(Ipv4Addr),
    /// Send it, and finish.
    Reply(Reply),
    /// It is done, and needs no reply. Finish.
    Done,
    /// Send no reply, and finish.
    NoReply(NoReplyReason),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Transaction {
    identity: ServerIdentity,
    packet: Packet,
    client: ClientKey,
    key: InFlightKey,
    config: Arc<SubnetConfig>,
    arrived: MonotonicTime,
    link_mtu: u16,
    stage: Stage,
    conflicts: u8,
    /// What this node has offered the client, after its probe.
    offered: Option<Ipv4Addr>,
    /// Unconfirmed conflicts.
    avoid: Vec<Ipv4Addr>,
    /// Addresses that this node's probes ahead found in use: no commit is spent on these.
    found_in_use: Vec<Ipv4Addr>,
}

/// Who answered a conflict probe, as far as the answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answerer {
    /// By ARP.
    Hardware([u8; 6]),
    /// By an ICMP echo, from behind this relay.
    BehindRelay(Ipv4Addr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Offering,
    Probing {
        address: Ipv4Addr,
        lease_time: Span,
    },
    Quarantining,
    ProbingGrant {
        address: Ipv4Addr,
        kind: RequestKind,
    },
    Granting {
        address: Ipv4Addr,
        kind: RequestKind,
        probe: ConflictProbe,
    },
    GivingUp,
}

impl Transaction {
    pub(crate) fn new(
        identity: ServerIdentity,
        packet: Packet,
        key: InFlightKey,
        config: Arc<SubnetConfig>,
        arrived: MonotonicTime,
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
            offered: None,
            avoid: Vec::new(),
            found_in_use: Vec::new(),
        }
    }

    /// The longest IP datagram that the link carries, in bytes: no reply is longer.
    pub(crate) const fn on_link_of(mut self, mtu: u16) -> Self {
        self.link_mtu = mtu;
        self
    }

    /// The same of a client that this node has offered an address.
    #[must_use]
    pub(crate) const fn with_offer(mut self, offered: Option<Ipv4Addr>) -> Self {
        self.offered = offered;
        self
    }

    /// The same that offers none of these addresses.
    #[must_use]
    pub(crate) fn avoiding(mut self, addresses: Vec<Ipv4Addr>) -> Self {
        self.avoid = addresses;
        self
    }

    /// The same that offers none of these addresses either.
    #[must_use]
    pub(crate) fn passing_over(mut self, found_in_use: Vec<Ipv4Addr>) -> Self {
        self.found_in_use = found_in_use;
        self
    }

    /// Whether the result of a probe ahead replaces a probe now: it does for an offer on the link. A grant without an
    /// offer gets a probe of its own; behind a relay there is no ARP.
    pub(crate) fn accepts_probes_ahead(&self) -> bool {
        matches!(self.stage, Stage::Probing { .. }) && !self.probes_by_echo()
    }

    /// Whether what is probed is a free address, as far as this node knows: nobody should answer.
    pub(crate) const fn probes_a_free_address(&self) -> bool {
        matches!(self.stage, Stage::Probing { .. })
    }

    /// Who reports a conflict by this answer to the present probe, if anybody.
    pub(crate) fn answerer(&self, result: ProbeResult) -> Option<Answerer> {
        if !matches!(self.stage, Stage::Probing { .. }) {
            return None;
        }
        match result {
            ProbeResult::Clear => None,
            ProbeResult::InUse { hardware } if self.packet.hardware.bytes() == hardware => None,
            ProbeResult::InUse { hardware } => Some(Answerer::Hardware(hardware)),
            ProbeResult::Answered => Some(Answerer::BehindRelay(self.packet.giaddr)),
        }
    }

    /// Whether the conflict probe is an ICMP echo: the client is behind a relay, where ARP does not reach (L6).
    #[must_use]
    pub fn probes_by_echo(&self) -> bool {
        self.packet.is_relayed()
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
    pub const fn arrived(&self) -> MonotonicTime {
        self.arrived
    }

    pub(crate) const fn in_flight_key(&self) -> &InFlightKey {
        &self.key
    }

    /// Whether the client waits for a reply: not to a RELEASE or DECLINE.
    #[must_use]
    pub fn awaits_reply(&self) -> bool {
        self.stage != Stage::GivingUp
    }

    /// The first step. `given_up` is the grant that a DHCPRELEASE or DHCPDECLINE ends; `known` is
    /// what this node has applied of the client, and decides nothing (S6).
    pub(crate) fn begin(&mut self, intent: Intent, given_up: GrantRef, known: ClientView) -> Next {
        match intent {
            Intent::Discover { .. } => self.propose_offer(),
            //~ mutant s6_nak_from_local_read: Intent::Request { address, kind, .. }
            //~     if kind != RequestKind::Selecting && known.lease.is_none_or(|(own, _)| own != address)
            //~     => self.reply(&Body::Nak(LeaseRefusal::NotAvailable(address))),
            //~ mutant s2_ack_before_commit: Intent::Request { address, .. }
            //~     => self.reply(&Body::Ack(ipam::Granted { address, lease_time: self.config.times.grant(None) })),
            Intent::Request { address, kind, .. } => self.begin_grant(address, kind, known),
            Intent::Decline { address, .. } => self.propose_decline(address, given_up),
            Intent::Release { address, .. } => self.propose_release(address, given_up),
            Intent::Inform { .. } => self.reply(&Body::InformAck),
        }
    }

    /// The first step for a client for which `address` is held already.
    pub(crate) fn offer_held(&mut self, address: Ipv4Addr, probed: bool) -> Next {
        let lease_time = self.config.times.grant(self.wish());
        self.offer(address, lease_time, probed)
    }

    /// The next step.
    pub(crate) fn resume(&mut self, input: Input) -> Next {
        match input {
            Input::Proposed(Ok(outcome)) => self.on_outcome(outcome),
            Input::Proposed(Err(ProposeError::Unavailable(_))) => {
                Next::NoReply(NoReplyReason::Unavailable)
            }
            //~ mutant s2_ack_on_unknown: Input::Proposed(Err(ProposeError::Unknown))
            //~     if matches!(self.stage, Stage::Granting { .. })
            //~     => self.reply(&Body::Ack(ipam::Granted {
            //~         address: self.packet.requested_address.unwrap_or(self.packet.ciaddr),
            //~         lease_time: self.config.times.grant(None),
            //~         })),
            Input::Proposed(Err(ProposeError::Unknown)) => {
                Next::NoReply(NoReplyReason::UnknownOutcome)
            }
            Input::Probed(address, result) => self.on_probe_result(address, result),
            Input::UnconfirmedConflict(address) => self.pass_over(address),
            Input::ProbeFailed => Next::NoReply(NoReplyReason::ProbeFailed),
        }
    }

    fn on_outcome(&mut self, outcome: Outcome) -> Next {
        match self.stage {
            Stage::Offering => match on_offer(outcome) {
                Ok(offered) => self.offer(offered.address, offered.lease_time, offered.returning),
                Err(reason) => Next::NoReply(reason),
            },
            // Also if it was refused: then the address has got an owner meanwhile.
            Stage::Quarantining => self.propose_offer(),
            // This node knew of a lease or an offer that is there no more.
            Stage::Granting {
                address,
                kind,
                probe: ConflictProbe::NotMade,
            } if matches!(
                outcome,
                Outcome::Refused(Refusal::Lease(LeaseRefusal::NotProbed(_)))
            ) =>
            {
                self.probe_grant(address, kind)
            }
            Stage::Granting { .. } => match on_grant(outcome) {
                Verdict::Ack(granted) => self.reply(&Body::Ack(granted)),
                Verdict::Nak(refusal) => self.reply(&Body::Nak(refusal)),
                Verdict::NoReply(reason) => Next::NoReply(reason),
            },
            Stage::GivingUp => match outcome {
                Outcome::Done => Next::Done,
                Outcome::Refused(_) => Next::NoReply(NoReplyReason::NoSuchLease),
                Outcome::Offered(_) | Outcome::Granted(_) => {
                    Next::NoReply(NoReplyReason::UnexpectedOutcome)
                }
            },
            Stage::Probing { .. } | Stage::ProbingGrant { .. } => {
                Next::NoReply(NoReplyReason::UnexpectedOutcome)
            }
        }
    }

    fn on_probe_result(&mut self, probed: Ipv4Addr, result: ProbeResult) -> Next {
        // The client itself answers when it still uses the address from before.
        let is_clear = match result {
            ProbeResult::Clear => true,
            ProbeResult::InUse { hardware } => self.packet.hardware.bytes() == hardware,
            ProbeResult::Answered => false,
        };
        match self.stage {
            Stage::Probing {
                address,
                lease_time,
            } if address == probed => {
                if is_clear {
                    self.offer(address, lease_time, true)
                } else {
                    self.propose_quarantine(address)
                }
            }
            Stage::ProbingGrant { address, kind } if address == probed => {
                let found = if is_clear {
                    ConflictProbe::Clear
                } else {
                    ConflictProbe::InUse
                };
                self.propose_grant(address, kind, found)
            }
            _ => Next::NoReply(NoReplyReason::UnexpectedOutcome),
        }
    }

    fn offer(&mut self, address: Ipv4Addr, lease_time: Span, probed: bool) -> Next {
        //~ mutant l6_offer_without_probe: let probed = true;
        if probed {
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
        Next::Propose(LeaseCommand::Offer(OfferLease {
            subnet: self.identity.subnet,
            client: self.packet.identity(),
            requested: self.packet.requested_address,
            lease_time: self.wish(),
            hostname: self.packet.hostname.clone(),
            node: self.identity.node,
            avoid: [self.avoid.as_slice(), &self.found_in_use].concat(),
        }))
    }

    /// Another address, for this client and for a moment (L6, ADR 0026).
    fn pass_over(&mut self, address: Ipv4Addr) -> Next {
        self.conflicts += 1;
        let avoided = self.avoid.len() + self.found_in_use.len();
        if self.conflicts > MAX_CONFLICTS_PER_OFFER || avoided >= OfferLease::MAX_AVOIDED {
            return Next::NoReply(NoReplyReason::RepeatedConflicts);
        }
        self.avoid.push(address);
        self.propose_offer()
    }

    /// Option 51.
    fn wish(&self) -> Option<Span> {
        let seconds = self.packet.lease_time.map(u64::from);
        seconds.map(Span::from_secs)
    }

    /// L6: what the client holds, or was offered by this node, was probed before. Of what else it may be granted,
    /// it is asked first whether somebody is there, so that one commit does. `known` may be old: then the commit
    /// refuses, and says what is missing.
    fn begin_grant(&mut self, address: Ipv4Addr, kind: RequestKind, known: ClientView) -> Next {
        let own = known.lease.filter(|(own, _)| *own == address);
        let was_probed = match own {
            Some((_, LeaseState::Bound { .. })) => true,
            Some((_, LeaseState::Offered { .. })) => self.offered == Some(address),
            _ => false,
        };
        let may_be_granted = self.config.is_host_address(address)
            && (kind == RequestKind::Selecting || own.is_some() || known.reserved == Some(address));
        if was_probed || !may_be_granted {
            return self.propose_grant(address, kind, ConflictProbe::NotMade);
        }
        // A client behind a relay that still uses what it had would answer the echo itself.
        let uses_it = own.is_some() && self.probes_by_echo() && self.packet.ciaddr == address;
        //~ mutant l6_grant_without_probe: let uses_it = true;
        if uses_it {
            return self.propose_grant(address, kind, ConflictProbe::Clear);
        }
        self.probe_grant(address, kind)
    }

    const fn probe_grant(&mut self, address: Ipv4Addr, kind: RequestKind) -> Next {
        self.stage = Stage::ProbingGrant { address, kind };
        Next::Probe(address)
    }

    fn propose_grant(
        &mut self,
        address: Ipv4Addr,
        kind: RequestKind,
        probe: ConflictProbe,
    ) -> Next {
        self.stage = Stage::Granting {
            address,
            kind,
            probe,
        };
        Next::Propose(LeaseCommand::Grant(GrantLease {
            subnet: self.identity.subnet,
            client: self.packet.identity(),
            address,
            kind,
            lease_time: self.wish(),
            hostname: self.packet.hostname.clone(),
            node: self.identity.node,
            probe,
        }))
    }

    fn propose_decline(&mut self, address: Ipv4Addr, grant: GrantRef) -> Next {
        self.stage = Stage::GivingUp;
        let (subnet, client) = (self.identity.subnet, self.packet.identity());
        Next::Propose(LeaseCommand::Decline(DeclineAddress {
            subnet,
            client,
            address,
            grant,
        }))
    }

    fn propose_release(&mut self, address: Ipv4Addr, grant: GrantRef) -> Next {
        self.stage = Stage::GivingUp;
        let (subnet, client) = (self.identity.subnet, self.packet.identity());
        Next::Propose(LeaseCommand::Release(ReleaseLease {
            subnet,
            client,
            address,
            grant,
            xid: self.packet.xid,
        }))
    }

    fn propose_quarantine(&mut self, address: Ipv4Addr) -> Next {
        self.conflicts += 1;
        if self.conflicts > MAX_CONFLICTS_PER_OFFER {
            return Next::NoReply(NoReplyReason::RepeatedConflicts);
        }
        self.stage = Stage::Quarantining;
        let (subnet, node) = (self.identity.subnet, self.identity.node);
        Next::Propose(LeaseCommand::Quarantine(QuarantineAddress {
            subnet,
            address,
            node,
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
                Next::NoReply(NoReplyReason::NotEncodable)
            }
        }
    }
}
