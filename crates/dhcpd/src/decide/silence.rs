//! Why a well-formed packet gets no answer: each is a metric label.

use crate::labels::labelled;

labelled! {
    /// Why nothing is said.
    pub enum Silence {
        /// No quorum in reach, or something else keeps the node from serving (L2).
        OutOfService => "out_of_service",
        /// The subnet is not configured yet.
        SubnetNotConfigured => "subnet_not_configured",
        /// The relay agent is not in this subnet.
        RelayElsewhere => "relay_elsewhere",
        /// The client says it has an address that is not of this subnet.
        ClientElsewhere => "client_elsewhere",
        /// The address that the client extends or gives up is not the one it sends from (S7).
        ForgedSource => "forged_source",
        /// The client names another server (option 54).
        OtherServer => "other_server",
        /// It is another node's turn to answer, by the hash.
        OtherNodesTurn => "other_nodes_turn",
        /// The message lacks what RFC 2131 table 5 says it must have, or contradicts itself.
        ContradictoryRequest => "contradictory_request",
        /// A DHCPDECLINE that was not broadcast (RFC 2131 §4.4.4).
        UnicastDecline => "unicast_decline",
        /// A copy of this request is being answered.
        AnsweringACopy => "answering_a_copy",
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
        /// The client gives up an address that it does not hold (S7).
        NothingHeld => "nothing_held",
        /// An address reserved for the client, or held by it, cannot be offered now.
        AddressInUse => "address_in_use",
        /// One address after the other was found in use by somebody.
        ConflictAfterConflict => "conflict_after_conflict",
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
    }
}
