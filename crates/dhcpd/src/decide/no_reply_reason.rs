//! Why a well-formed packet gets no reply: each reason is a metric label and a sentence for operators.

use crate::labels::labelled;

labelled! {
    /// Why a packet gets no reply.
    pub enum NoReplyReason {
        /// No quorum in reach, or something else keeps the node from serving (L2).
        OutOfService => "out_of_service",
        /// The subnet is not configured yet.
        SubnetNotConfigured => "subnet_not_configured",
        /// It arrived by another interface than the clients'.
        WrongInterface => "wrong_interface",
        /// A relay that the operator has not named, or none at all.
        UnknownRelay => "unknown_relay",
        /// A relay's packet that did not arrive by the interface that leads to the relay.
        WrongRelayInterface => "wrong_relay_interface",
        /// The relay agent is not in this subnet.
        RelayOutsideSubnet => "relay_outside_subnet",
        /// The client says it has an address that is not of this subnet.
        ClientOutsideSubnet => "client_outside_subnet",
        /// An address of another network is asked for by name.
        OtherNetwork => "other_network",
        /// A RELEASE or DECLINE that somebody else than its client may have sent (S7).
        ForgedSource => "forged_source",
        /// The client names another server (option 54).
        OtherServer => "other_server",
        /// By the hash, another node answers first.
        OtherResponder => "other_responder",
        /// The message lacks what RFC 2131 table 5 says it must have, or contradicts itself.
        ContradictoryRequest => "contradictory_request",
        /// A DHCPDECLINE that was not broadcast (RFC 2131 §4.4.4).
        UnicastDecline => "unicast_decline",
        /// A copy of a request that is being answered, or of a release.
        DuplicateRequest => "duplicate_request",
        /// Too many requests are being answered.
        TooManyInFlight => "too_many_in_flight",
        /// This client's own budget is used up.
        TooManyFromClient => "too_many_from_client",
        /// The budget of clients without a lease is used up.
        TooManyNewClients => "too_many_new_clients",
        /// The budget of clients with a lease is used up.
        TooManyKnownClients => "too_many_known_clients",
        /// No address is free.
        PoolExhausted => "pool_exhausted",
        /// Nothing is known of the client (RFC 2131 §4.3.2).
        UnknownClient => "unknown_client",
        /// The client releases or declines an address that it does not hold (S7).
        NoSuchLease => "no_such_lease",
        /// An address reserved for the client, or held by it, cannot be offered now.
        AddressInUse => "address_in_use",
        /// One free address after another was found in use.
        RepeatedConflicts => "repeated_conflicts",
        /// It has declined more addresses than one client may (S7).
        TooManyDeclines => "too_many_declines",
        /// The conflict probe could not be sent, so nothing may be offered (L6).
        ProbeFailed => "probe_failed",
        /// The cluster did not take the command.
        Unavailable => "unavailable",
        /// The command's fate is unknown (house rule 5).
        UnknownOutcome => "unknown_outcome",
        /// An operator took the lease back before its client was told of it.
        NoLongerGranted => "no_longer_granted",
        /// The answer came too late (T6).
        TooLate => "too_late",
        /// The outcome is not one that this command can have.
        UnexpectedOutcome => "unexpected_outcome",
        /// The reply could not be encoded.
        NotEncodable => "not_encodable",
        /// The kernel did not take the reply.
        SendFailed => "send_failed",
    }
}

impl NoReplyReason {
    /// The same in plain words, with what to do about it.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::OtherServer
            | Self::OtherResponder
            | Self::DuplicateRequest
            | Self::NoSuchLease
            | Self::UnknownClient => self.expected(),
            Self::WrongInterface
            | Self::UnknownRelay
            | Self::WrongRelayInterface
            | Self::RelayOutsideSubnet
            | Self::ClientOutsideSubnet
            | Self::OtherNetwork
            | Self::ForgedSource
            | Self::ContradictoryRequest
            | Self::UnicastDecline => self.rejected_packet(),
            _ => self.cannot_serve(),
        }
    }

    /// Expected on a link with several servers.
    const fn expected(self) -> &'static str {
        match self {
            Self::OtherServer => "not ours: the client asks another server by name (option 54)",
            Self::OtherResponder => {
                "not ours: another node answers this client first; this one follows when the client \
                 asks again"
            }
            Self::DuplicateRequest => "a copy of a packet that was being answered",
            Self::NoSuchLease => {
                "it gives up an address that it does not hold, or has given up already"
            }
            _ => {
                "nothing is known here of this client and the address that it asks to keep: it must \
                 discover first (its lease may be another server's)"
            }
        }
    }

    /// The packet is wrong, or came from the wrong place.
    const fn rejected_packet(self) -> &'static str {
        match self {
            Self::WrongInterface => {
                "it came by another interface than the clients': clients are heard on \
                 GATEWAY_DHCP_INTERFACE only"
            }
            Self::UnknownRelay => {
                "it says that it comes from a relay, but the relay is not named: if it is yours, put \
                 all its addresses into GATEWAY_DHCP_RELAYS on every node"
            }
            Self::WrongRelayInterface => {
                "it says that it comes from a relay, but came by another interface than leads to that \
                 relay: look at `ip route get RELAY`, or somebody forges"
            }
            Self::RelayOutsideSubnet => {
                "the relay's address (giaddr) is not in the clients' network: give the relay one there"
            }
            Self::ClientOutsideSubnet => {
                "the client says that it has an address of another network: look at its configuration"
            }
            Self::OtherNetwork => {
                "an address of another network is asked for by name: by the client (option 118), or by the \
                 relay (option 82, sub-option 5)"
            }
            Self::ForgedSource => {
                "the release or decline does not come from its client: it may be a neighbour's. \
                 Operators end a lease with `gatewayctl lease release`"
            }
            Self::ContradictoryRequest => {
                "it does not say which address it means: the client's bug"
            }
            _ => "a decline that was not broadcast: it may be somebody else's",
        }
    }

    /// The node or the cluster cannot serve it now.
    const fn cannot_serve(self) -> &'static str {
        match self {
            Self::OutOfService => {
                "this node is out of service: `gatewayctl status` on it says why; nodes that \
                 are in service answer"
            }
            Self::SubnetNotConfigured => "the cluster has no subnet yet: bootstrap it",
            Self::TooManyInFlight => {
                "too many requests are being answered at once: the cluster is slow, or flooded"
            }
            Self::TooManyFromClient => {
                "this client sends too much (4 packets a second, 20 at once): look at its DHCP client"
            }
            Self::TooManyNewClients => {
                "too many new clients at once: it passes, or it is a flood of fake hardware addresses"
            }
            Self::TooManyKnownClients => "too many clients at once: it passes",
            Self::PoolExhausted => {
                "no address is free: release leases that are not used any more (`gatewayctl lease list`)"
            }
            Self::AddressInUse => {
                "the address reserved for this client, or its own, is another's now or in quarantine: \
                 `gatewayctl lease list` shows whose"
            }
            Self::RepeatedConflicts => {
                "one free address after the other was found in use: somebody has fixed addresses in \
                 the pool, or answers every ARP request"
            }
            Self::TooManyDeclines => {
                "it has declined too many addresses, so its declines are ignored: look at who answers ARP on \
                 its port"
            }
            Self::ProbeFailed => {
                "the conflict probe could not be sent, and nothing is offered without: look at the \
                 clients' interface"
            }
            Self::Unavailable => {
                "the cluster did not take the command: `gatewayctl status` shows who is missing"
            }
            Self::UnknownOutcome => {
                "the cluster did not say in time what became of it (an election, a slow disk): the \
                 client asks again"
            }
            Self::NoLongerGranted => {
                "an operator took the lease back before the client was told of it"
            }
            Self::TooLate => {
                "the answer took more than 3 s and would have come too late: the cluster is slow"
            }
            Self::NotEncodable => {
                "the reply could not be built: the subnet's options hold something that DHCP cannot say"
            }
            Self::SendFailed => "the reply could not be sent: look at the clients' interface",
            _ => "an outcome that this command cannot have: a bug",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn explanations_are_distinct_and_short() {
        let all: BTreeSet<_> = NoReplyReason::ALL.iter().map(|s| s.explanation()).collect();
        assert_eq!(all.len(), NoReplyReason::ALL.len());
        assert!(all.iter().all(|text| !text.is_empty() && text.len() <= 200));
    }

    #[test]
    fn too_many_from_client_explanation_matches_limits() {
        use crate::limits::{PER_CLIENT_BURST, PER_CLIENT_PER_SECOND};
        let budget =
            format!("{PER_CLIENT_PER_SECOND} packets a second, {PER_CLIENT_BURST} at once");
        assert!(
            NoReplyReason::TooManyFromClient
                .explanation()
                .contains(&budget)
        );
    }
}
