//! Which reply a committed outcome permits. Pure.
//!
//! **Invariants.** A [`Verdict::Ack`] comes from [`Outcome::Granted`] and from nothing else (S2).
//! A [`Verdict::Nak`] comes from a committed refusal to grant (S6). Everything else gets no reply.
//! The refusals are listed one by one, without a wildcard, so that whoever adds one has to decide.

use super::NoReplyReason;
use ipam::{Granted, Offered, Outcome, Refusal};

/// What may be said to a client that sent a DHCPREQUEST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A DHCPACK.
    Ack(Granted),
    /// A DHCPNAK, and why.
    Nak(Refusal),
    /// Nothing.
    NoReply(NoReplyReason),
}

/// What the outcome of a `GrantLease` lets us say.
#[must_use]
pub fn on_grant(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Granted(granted) => Verdict::Ack(granted),
        Outcome::Refused(refusal) => on_refused_grant(refusal),
        Outcome::Done | Outcome::Offered(_) => Verdict::NoReply(NoReplyReason::UnexpectedOutcome),
    }
}

fn on_refused_grant(refusal: Refusal) -> Verdict {
    match refusal {
        Refusal::NotInSubnet(_)
        | Refusal::NotAvailable(_)
        | Refusal::HeldByAnother { .. }
        | Refusal::Quarantined(_)
        | Refusal::HasOtherAddress(_)
        | Refusal::ReservedForAnother { .. }
        | Refusal::InUse(_)
        | Refusal::NodeAddress { .. } => Verdict::Nak(refusal),
        other => Verdict::NoReply(reason(&other)),
    }
}

/// What the outcome of an `OfferLease` lets us offer.
pub fn on_offer(outcome: Outcome) -> Result<Offered, NoReplyReason> {
    match outcome {
        Outcome::Offered(offered) => Ok(offered),
        Outcome::Refused(refusal) => Err(reason(&refusal)),
        Outcome::Done | Outcome::Granted(_) => Err(NoReplyReason::UnexpectedOutcome),
    }
}

/// Why a refusal gets no reply.
fn reason(refusal: &Refusal) -> NoReplyReason {
    match refusal {
        Refusal::UnknownSubnet(_) => NoReplyReason::SubnetNotConfigured,
        Refusal::PoolExhausted => NoReplyReason::PoolExhausted,
        Refusal::UnknownClient => NoReplyReason::UnknownClient,
        Refusal::NotTheHolder(_) | Refusal::ReleasedBefore(_) => NoReplyReason::NoSuchLease,
        Refusal::Unstamped => NoReplyReason::Unavailable,
        Refusal::HeldByAnother { .. }
        | Refusal::Quarantined(_)
        | Refusal::NotAvailable(_)
        | Refusal::NodeAddress { .. }
        | Refusal::ReservedForAnother { .. }
        | Refusal::HasOtherAddress(_)
        | Refusal::NotProbed(_)
        | Refusal::InUse(_)
        | Refusal::AlreadyReserved(_) => NoReplyReason::AddressInUse,
        Refusal::NotInSubnet(_)
        | Refusal::AlreadyBootstrapped
        | Refusal::NotFound(_)
        | Refusal::PortTaken
        | Refusal::PortZero
        | Refusal::PortInUse { .. }
        | Refusal::RouterAddress(_)
        | Refusal::TargetLeased { .. }
        | Refusal::InvalidSubnet(_)
        | Refusal::Overlap(_)
        | Refusal::SubnetInUse(_)
        | Refusal::IdentifierNotUsed(_)
        | Refusal::TooMany { .. }
        | Refusal::TooLarge { .. } => NoReplyReason::UnexpectedOutcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipam::{ClientKey, HardwareAddress, NodeId, Span, SubnetId};
    use ipam::{ForwardKey, PortUse, Protocol};
    use std::net::Ipv4Addr;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);

    fn client() -> ClientKey {
        ClientKey::Hardware(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]))
    }

    fn granted() -> Granted {
        Granted {
            address: ADDRESS,
            lease_time: Span::from_secs(3600),
        }
    }

    fn offered() -> Offered {
        Offered {
            address: ADDRESS,
            lease_time: Span::from_secs(3600),
            returning: true,
        }
    }

    /// Kept red by turning any other outcome into an ACK.
    #[test]
    fn on_grant_ack_only_if_granted() {
        assert_eq!(
            on_grant(Outcome::Granted(granted())),
            Verdict::Ack(granted())
        );
        let others = [Outcome::Done, Outcome::Offered(offered())];
        let refusals = every_refusal().into_iter().map(Outcome::Refused);
        for outcome in others.into_iter().chain(refusals) {
            let verdict = on_grant(outcome.clone());
            assert!(
                !matches!(verdict, Verdict::Ack(_)),
                "{outcome:?} gave an ACK"
            );
        }
    }

    #[test]
    fn on_grant_nak_only_for_addresses_the_client_must_not_use() {
        let naks = every_refusal().into_iter().filter(|refusal| {
            matches!(on_grant(Outcome::Refused(refusal.clone())), Verdict::Nak(_))
        });
        assert_eq!(naks.count(), 8);
        for silent in [
            Refusal::UnknownClient,
            Refusal::PoolExhausted,
            Refusal::Unstamped,
        ] {
            let verdict = on_grant(Outcome::Refused(silent));
            assert!(matches!(verdict, Verdict::NoReply(_)));
        }
    }

    #[test]
    fn on_offer_offers_only_if_offered() {
        assert_eq!(on_offer(Outcome::Offered(offered())), Ok(offered()));
        assert_eq!(
            on_offer(Outcome::Granted(granted())),
            Err(NoReplyReason::UnexpectedOutcome)
        );
        for refusal in every_refusal() {
            assert!(on_offer(Outcome::Refused(refusal)).is_err());
        }
    }

    fn every_refusal() -> Vec<Refusal> {
        vec![
            Refusal::UnknownSubnet(SubnetId(1)),
            Refusal::Unstamped,
            Refusal::AlreadyBootstrapped,
            Refusal::PoolExhausted,
            Refusal::NotInSubnet(ADDRESS),
            Refusal::NotAvailable(ADDRESS),
            Refusal::HeldByAnother {
                address: ADDRESS,
                holder: client(),
            },
            Refusal::Quarantined(ADDRESS),
            Refusal::HasOtherAddress(ADDRESS),
            Refusal::UnknownClient,
            Refusal::NotTheHolder(ADDRESS),
            Refusal::NodeAddress {
                address: ADDRESS,
                node: NodeId(1),
            },
            Refusal::ReservedForAnother {
                address: ADDRESS,
                client: client(),
            },
            Refusal::AlreadyReserved(ADDRESS),
            Refusal::NotProbed(ADDRESS),
            Refusal::InUse(ADDRESS),
            Refusal::ReleasedBefore(ADDRESS),
            Refusal::IdentifierNotUsed(SubnetId(1)),
            Refusal::NotFound("reservation"),
            Refusal::PortTaken,
            Refusal::PortZero,
            Refusal::PortInUse {
                key: ForwardKey {
                    protocol: Protocol::Tcp,
                    port: 22,
                },
                used: PortUse::Ssh,
            },
            Refusal::RouterAddress(ADDRESS),
            Refusal::TargetLeased {
                address: ADDRESS,
                holder: client(),
            },
            Refusal::SubnetInUse(SubnetId(1)),
            Refusal::Overlap(SubnetId(1)),
            Refusal::TooMany {
                what: "nodes",
                limit: 1,
            },
        ]
    }
}
