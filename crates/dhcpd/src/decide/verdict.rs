//! Which reply a committed outcome permits. Pure.
//!
//! **Invariants.** A [`Verdict::Ack`] comes from [`Outcome::Granted`] and from nothing else (S2).
//! A [`Verdict::Nak`] comes from a committed refusal to grant (S6). Everything else gets no reply.
//! The refusals are listed one by one, without a wildcard, so that whoever adds one has to decide.

use super::NoReplyReason;
use ipam::{ClusterRefusal, Granted, LeaseRefusal, Offered, Outcome, Refusal};

/// What may be said to a client that sent a DHCPREQUEST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A DHCPACK.
    Ack(Granted),
    /// A DHCPNAK, and why.
    Nak(LeaseRefusal),
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
        Refusal::Lease(refusal) if must_hear(&refusal) => Verdict::Nak(refusal),
        other => Verdict::NoReply(reason(&other)),
    }
}

/// Whether the client must not use the address: then it is told so.
const fn must_hear(refusal: &LeaseRefusal) -> bool {
    match refusal {
        LeaseRefusal::NotInSubnet(_)
        | LeaseRefusal::NotAvailable(_)
        | LeaseRefusal::HeldByAnother { .. }
        | LeaseRefusal::Quarantined(_)
        | LeaseRefusal::HasOtherAddress(_)
        | LeaseRefusal::InUse(_)
        | LeaseRefusal::OfNode { .. } => true,
        LeaseRefusal::UnknownSubnet(_)
        | LeaseRefusal::PoolExhausted
        | LeaseRefusal::UnknownClient
        | LeaseRefusal::NotTheHolder(_)
        | LeaseRefusal::NotProbed(_)
        | LeaseRefusal::ReleasedBefore(_) => false,
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
const fn reason(refusal: &Refusal) -> NoReplyReason {
    match refusal {
        Refusal::Lease(refusal) => reason_of_lease(refusal),
        Refusal::Cluster(ClusterRefusal::Unstamped) => NoReplyReason::Unavailable,
        Refusal::Cluster(_) | Refusal::Object(_) => NoReplyReason::UnexpectedOutcome,
    }
}

const fn reason_of_lease(refusal: &LeaseRefusal) -> NoReplyReason {
    match refusal {
        LeaseRefusal::UnknownSubnet(_) => NoReplyReason::SubnetNotConfigured,
        LeaseRefusal::PoolExhausted => NoReplyReason::PoolExhausted,
        LeaseRefusal::UnknownClient => NoReplyReason::UnknownClient,
        LeaseRefusal::NotTheHolder(_) | LeaseRefusal::ReleasedBefore(_) => {
            NoReplyReason::NoSuchLease
        }
        LeaseRefusal::HeldByAnother { .. }
        | LeaseRefusal::Quarantined(_)
        | LeaseRefusal::NotAvailable(_)
        | LeaseRefusal::OfNode { .. }
        | LeaseRefusal::HasOtherAddress(_)
        | LeaseRefusal::NotProbed(_)
        | LeaseRefusal::InUse(_) => NoReplyReason::AddressInUse,
        LeaseRefusal::NotInSubnet(_) => NoReplyReason::UnexpectedOutcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipam::{ClientKey, HardwareAddress, NodeId, ObjectRefusal, Span, SubnetId};
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
        assert_eq!(naks.count(), 7);
        for silent in [
            LeaseRefusal::UnknownClient.into(),
            LeaseRefusal::PoolExhausted.into(),
            Refusal::UNSTAMPED,
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
        let of_leases = [
            LeaseRefusal::UnknownSubnet(SubnetId(1)),
            LeaseRefusal::PoolExhausted,
            LeaseRefusal::NotInSubnet(ADDRESS),
            LeaseRefusal::NotAvailable(ADDRESS),
            LeaseRefusal::OfNode {
                address: ADDRESS,
                node: NodeId(1),
            },
            LeaseRefusal::HeldByAnother {
                address: ADDRESS,
                holder: client(),
            },
            LeaseRefusal::Quarantined(ADDRESS),
            LeaseRefusal::HasOtherAddress(ADDRESS),
            LeaseRefusal::UnknownClient,
            LeaseRefusal::NotTheHolder(ADDRESS),
            LeaseRefusal::NotProbed(ADDRESS),
            LeaseRefusal::InUse(ADDRESS),
            LeaseRefusal::ReleasedBefore(ADDRESS),
        ];
        let others = [
            Refusal::UNSTAMPED,
            ClusterRefusal::AlreadyBootstrapped.into(),
            ObjectRefusal::PortZero.into(),
        ];
        let of_leases = of_leases.into_iter().map(Refusal::from);
        of_leases.chain(others).collect()
    }
}
