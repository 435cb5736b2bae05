//! Every deliberate bug: what it is, which promise it breaks, and who must notice it. Its place in the product is a
//! comment there.

/// One deliberate bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// Named after the promise that it breaks.
    pub name: &'static str,
    /// What the code does wrong.
    pub bug: &'static str,
    /// The promises of the lease contract that it breaks.
    pub promise: &'static str,
    /// The package whose own tests must notice it, where the simulation shows nothing of it.
    pub by_tests_of: Option<&'static str>,
}

/// The simulation must notice it.
const fn mutation(name: &'static str, promise: &'static str, bug: &'static str) -> Mutation {
    Mutation {
        name,
        bug,
        promise,
        by_tests_of: None,
    }
}

/// Only the tests of `package` can notice it.
const fn by_tests(package: &'static str, mutation: Mutation) -> Mutation {
    Mutation {
        by_tests_of: Some(package),
        ..mutation
    }
}

/// Every mutation, in the order of their names.
pub const ALL: &[Mutation] = &[
    mutation(
        "l1_budget_not_refilled",
        "L1, L3",
        "a budget that is used up never fills again",
    ),
    mutation(
        "l1_unheard_leader_goes_on",
        "L1, L3",
        "a leader that hears no quorum keeps its followers waiting for as long as its messages get out",
    ),
    mutation(
        "l1_voter_without_a_log",
        "L1",
        "a newcomer becomes a voter before anything is on its disk",
    ),
    mutation(
        "l2_serves_without_quorum",
        "L2",
        "a node that has no quorum in reach stays in service",
    ),
    mutation(
        "l3_waits_for_a_copy",
        "L3",
        "no node answers before it has heard two copies more than it has to",
    ),
    mutation(
        "l4_answers_for_another_server",
        "L4",
        "a node answers a REQUEST that names another server",
    ),
    mutation(
        "l4_offer_not_held",
        "L4",
        "what is offered is not held for its client: others are offered it, too",
    ),
    mutation(
        "l5_own_address_not_looked_for",
        "L5",
        "a client that comes back is offered any address, whether its own is free or not",
    ),
    // Both dhcpd and ipam look: without the one the other refuses.
    by_tests(
        "dhcpd",
        mutation(
            "l6_grant_without_probe",
            "L6",
            "what was neither held nor offered is granted though no probe has found nobody there",
        ),
    ),
    mutation(
        "l6_offer_without_probe",
        "L6",
        "an address is offered to a new client though no probe has found nobody there",
    ),
    mutation(
        "s12_another_cluster_heard",
        "S12",
        "a node does not look which cluster a peer speaks for",
    ),
    mutation(
        "s1_holder_ignored",
        "S1",
        "an address is granted though another client holds it",
    ),
    mutation(
        "s1_newcomer_stands",
        "S1, S2",
        "a node that was added empty stands for election while it is still catching up",
    ),
    mutation(
        "s1_no_reclaim_grace",
        "S1, T4",
        "an address is reclaimed without the grace",
    ),
    mutation(
        "s2_ack_after_failed_sync",
        "S2",
        "the log goes on acknowledging after a sync has failed",
    ),
    mutation(
        "s2_ack_before_commit",
        "S2",
        "an ACK is sent at once, and nothing is proposed",
    ),
    mutation(
        "s2_ack_on_unknown",
        "S2",
        "an ACK is sent though the outcome of the proposal is unknown",
    ),
    mutation(
        "s2_append_not_synced",
        "S2",
        "the log says that an entry is durable before it was synced",
    ),
    mutation(
        "s2_directory_not_synced",
        "S2",
        "the name of a new data directory is not made durable",
    ),
    mutation(
        "s2_notes_not_asked",
        "S2",
        "a node whose disk went back does not ask what its peers noted of its log",
    ),
    mutation(
        "s2_purge_before_snapshot",
        "S2",
        "a snapshot is reported as durable, so that the log is purged, and is not on disk",
    ),
    mutation(
        "s2_snapshot_not_synced",
        "S2",
        "a snapshot's file is renamed and reported without a sync of its content",
    ),
    mutation(
        "s2_vote_not_persisted",
        "S2",
        "a vote is reported as durable and is not written",
    ),
    mutation(
        "s3_two_addresses",
        "S3",
        "a client gets a second address while it holds one",
    ),
    mutation(
        "s4_out_of_bounds",
        "S4",
        "a client may have any address: outside the pool, excluded, reserved for another",
    ),
    mutation(
        "s5_cut_short",
        "S5",
        "a shorter renewal cuts off what was promised before",
    ),
    mutation(
        "s5_stamp_of_another_term",
        "S5, T2",
        "a leader stamps by what it was anchored on in an earlier term, and that moves the clock",
    ),
    mutation(
        "s6_nak_from_local_read",
        "S6",
        "a NAK is sent from what the node has applied, and nothing is proposed",
    ),
    by_tests(
        "ipam",
        mutation(
            "s6_revoked_is_forgotten",
            "S6",
            "nothing is remembered of a lease that an operator took back",
        ),
    ),
    by_tests(
        "ipam",
        mutation(
            "s6_stranger_refused",
            "S6",
            "a client that we have no record of is refused",
        ),
    ),
    mutation(
        "s7_anybody_gives_up",
        "S7",
        "anybody may release or decline a lease",
    ),
    mutation(
        "s7_copy_of_a_release",
        "S7",
        "a copy of a RELEASE ends the grant that came after it",
    ),
    by_tests(
        "ipam",
        mutation(
            "s7_declined_not_quarantined",
            "S7",
            "a declined address is free at once",
        ),
    ),
    by_tests(
        "dhcpd",
        mutation(
            "s7_every_accuser_believed",
            "S7",
            "whoever declines, or answers probes, has as many addresses quarantined as it likes",
        ),
    ),
    mutation(
        "s7_forged_source",
        "S7",
        "a RELEASE or DECLINE is believed whoever sent it",
    ),
    mutation(
        "s7_late_release",
        "S7, S1",
        "a late RELEASE ends a newer grant (ADR 0011)",
    ),
    by_tests(
        "ipam",
        mutation(
            "s7_pool_quarantined",
            "S7",
            "any part of a pool may be quarantined",
        ),
    ),
    mutation(
        "s8_apply_differs",
        "S8",
        "what is granted depends on something that is not in the log",
    ),
    mutation(
        "s8_clock_not_in_snapshot",
        "S8",
        "a state that is put together again has lost its clock",
    ),
    mutation(
        "s8_digests_not_compared",
        "S8 silence",
        "a node whose state differs from its peers' goes on serving; states differ as in s8_apply_differs",
    ),
    mutation(
        "s9_behind_opens",
        "S9",
        "a node that is not level since its boot opens the forwards of its old state",
    ),
    mutation(
        "s9_host_port_forwarded",
        "S9",
        "a port that the hosts use is forwarded",
    ),
    mutation(
        "s9_port_taken_over",
        "S9",
        "a forward takes over a public port that has an owner",
    ),
    mutation(
        "s9_two_nodes_one_address",
        "S9, S4",
        "two nodes may have one listen IP",
    ),
    mutation(
        "s9_withdrawn_stays_open",
        "S9",
        "a forward that is withdrawn stays in the kernel's rules",
    ),
    mutation(
        "st5_blockers_leave_the_level",
        "ST5",
        "a node that names what is amiss says that all is well",
    ),
    mutation(
        "t1_clock_goes_back",
        "T1, T2",
        "a smaller stamp moves the clock back",
    ),
    mutation(
        "t2_anchor_of_another_term",
        "T2, S5",
        "a leader counts from an anchor of an earlier term of its own",
    ),
    mutation(
        "t2_clock_runs_fast",
        "T2, S5",
        "the leader's clock runs one and a half times as fast as real time",
    ),
    mutation(
        "t3_clock_before_own_term",
        "T3, S5",
        "a new leader stamps before it has applied an entry of its own term, by a clock of its own",
    ),
    mutation("t6_late_reply", "T6", "a reply is sent however late it is"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_each_once() {
        assert!(ALL.is_sorted_by(|earlier, later| earlier.name < later.name));
    }

    #[test]
    fn a_name_begins_with_a_promise_that_it_breaks() {
        for mutation in ALL {
            let (promise, _) = mutation.name.split_once('_').expect("s1_…");
            let promise = promise.to_ascii_uppercase();
            assert!(mutation.promise.contains(promise.as_str()), "{mutation:?}");
        }
    }
}
