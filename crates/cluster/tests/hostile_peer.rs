//! What a peer can try with numbers and names, against nodes of the loopback: with a certificate that is
//! no member's, with a member's, and without TLS. `./x drill hostile_peer` runs this.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::{peer, storage};
use cluster::Cluster;
use ipam::{Change, Command, Operator, RequestId, SourceNat, SourceNatRule};
use openraft::storage::RaftLogStorage;
use peer::append_entries_response::Result as Appended;
use support::intruder::{Intruder, log_id, vote};
use support::*;

const STEP: u64 = 1 << 20;

fn terms(nodes: &[Cluster]) -> Vec<u64> {
    nodes.iter().map(|node| node.status().term).collect()
}

fn refusals(node: &Cluster, kind: &str) -> u64 {
    let counts = node.status().peer_refusals;
    counts.get(kind).copied().unwrap_or_default()
}

/// Everybody serves, has the same state, and takes a new client.
async fn unharmed(nodes: &[Cluster], client: u16) {
    for node in nodes {
        in_service(node).await;
    }
    obtain(&nodes[usize::from(client) % nodes.len()], client).await;
    converged(nodes).await;
}

fn grant_entry(term: u64, index: u64) -> storage::Entry {
    let rule = SourceNatRule {
        subnet: SUBNET,
        source_nat: SourceNat::Snat("8.8.8.8".parse().unwrap()),
    };
    let object = rule.into();
    let expected = None;
    let replace = Change::Replace { object, expected };
    let command = Command::from(replace.by(Operator::default()));
    let batch = ipam::Batch {
        stamp: None,
        commands: vec![command.of(RequestId(1))],
    };
    storage::Entry {
        log_id: log_id(term, index),
        payload: Some(storage::entry::Payload::Batch((&batch).into())),
    }
}

/// Every extreme of the numbers, in every message of Raft, from a peer that speaks as itself.
async fn extremes(intruder: &Intruder, term: u64, index: u64) -> u32 {
    let me = intruder.from;
    let mut refused = 0;
    for number in [
        0,
        term + STEP + 1,
        1 << 62,
        (1 << 62) + 1,
        1 << 63,
        u64::MAX,
    ] {
        let append = intruder.heartbeat(vote(number, me, true)).await;
        // An older leader is told that it is one.
        if let Ok(Some(Appended::HigherVote(higher))) = append.as_ref().map(|a| a.result.as_ref()) {
            assert!(number < term && higher.term >= term, "{higher:?}");
        } else {
            append.unwrap_err();
        }
        let request = peer::VoteRequest {
            vote: Some(vote(number, me, false)),
            last_log_id: log_id(number, u64::MAX),
            leadership_transfer: true,
            route: None,
        };
        refused += u32::from(intruder.vote(request.clone()).await.is_err());
        refused += u32::from(intruder.pre_vote(request).await.is_err());
        let header = peer::SnapshotHeader {
            vote: Some(vote(term, me, true)),
            meta: Some(storage::SnapshotMeta {
                last_log_id: log_id(number, number),
                last_membership: Some(storage::StoredMembership {
                    log_id: log_id(number, number),
                    membership: Some(storage::Membership::default()),
                }),
            }),
            length: 0,
            route: None,
        };
        refused += u32::from(intruder.snapshot(header, vec![]).await.is_err());
        let transfer = peer::TransferLeaderRequest {
            from_leader: Some(vote(number, me, true)),
            to_node_id: me,
            last_log_id: log_id(number, number),
            route: None,
        };
        refused += u32::from(intruder.transfer(transfer).await.is_err());
        let positions = peer::AppendEntriesRequest {
            vote: Some(vote(term, me, true)),
            prev_log_id: log_id(term, number),
            entries: vec![grant_entry(term, number.wrapping_add(1))],
            leader_commit: log_id(term, number),
            route: None,
        };
        refused += u32::from(intruder.append(positions).await.is_err());
    }
    refused += u32::from(
        intruder
            .append(peer::AppendEntriesRequest {
                vote: Some(vote(term, me, true)),
                prev_log_id: log_id(term, index),
                entries: vec![grant_entry(term, index + 1)],
                leader_commit: log_id(term, index + 1),
                route: None,
            })
            .await
            .is_err(),
    );
    refused
}

/// From a certificate of the same CA that is no member's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_no_members_changes_nothing() {
    let site = Site::with_tls(3);
    let nodes = site.up().await;
    let before = terms(&nodes);
    let stranger = site.authority.as_ref().unwrap().node(9);
    let index = nodes[0].status().last_applied;
    for to in 1..=3 {
        let intruder = Intruder::new(&site, to, 9, Some(&stranger));
        // One empty Append with the largest term.
        intruder
            .heartbeat(vote(u64::MAX, 9, false))
            .await
            .unwrap_err();
        // In the leader's name.
        let leader = nodes[0].status().leader.unwrap().0;
        let named = peer::AppendEntriesRequest {
            vote: Some(vote(before[0], leader, true)),
            prev_log_id: log_id(before[0], index),
            entries: vec![grant_entry(before[0], index + 1)],
            leader_commit: log_id(before[0], index + 1),
            route: None,
        };
        intruder.append(named).await.unwrap_err();
        extremes(&intruder, before[0], index).await;
        assert!(refusals(&nodes[usize::try_from(to).unwrap() - 1], "not_a_member") > 10);
    }
    assert_eq!(terms(&nodes), before, "nobody's term moved");
    unharmed(&nodes, 1).await;
    for node in &nodes {
        assert!(node.read(|state| {
            state.objects().source_nat[&SUBNET].object.source_nat == SourceNat::Masquerade
        }));
    }
}

/// A member may unseat a leader, and even that in steps; it poisons nobody, and all serve again.
async fn a_member_poisons_nobody(site: Site) {
    let nodes = site.up().await;
    let before = terms(&nodes);
    let index = nodes[0].status().last_applied;
    let shows = site.config(2).tls;
    for to in [1, 3] {
        let intruder = Intruder::new(&site, to, 2, shows.as_ref());
        for term in [u64::MAX, 1 << 63, (1 << 62) + 1] {
            intruder.heartbeat(vote(term, 2, true)).await.unwrap_err();
            intruder.heartbeat(vote(term, 2, false)).await.unwrap_err();
        }
        let node = &nodes[usize::try_from(to).unwrap() - 1];
        assert!(
            refusals(node, "term") >= 3,
            "{:?}",
            node.status().peer_refusals
        );
    }
    assert_eq!(
        terms(&nodes),
        before,
        "a term beyond all bounds moves nothing"
    );
    for to in [1, 3] {
        let intruder = Intruder::new(&site, to, 2, shows.as_ref());
        extremes(&intruder, before[0], index).await;
    }
    unharmed(&nodes, 2).await;
    for term in terms(&nodes) {
        assert!(term < 100 * STEP, "{term}");
    }
    // What is on the disk is not poisoned either.
    for node in &nodes {
        node.shutdown().await;
    }
    drop(nodes);
    let mut again = Vec::new();
    for node in 1..=3 {
        again.push(Cluster::start(site.config(node)).await.unwrap());
    }
    let begun = again.iter().map(|node| node.begin(&cluster::Start::Wait));
    futures::future::try_join_all(begun).await.unwrap();
    unharmed(&again, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_with_a_certificate_poisons_nobody() {
    a_member_poisons_nobody(Site::with_tls(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_without_tls_poisons_nobody() {
    a_member_poisons_nobody(Site::new(3)).await;
}

/// openraft counts by a membership that is not committed: whoever takes itself for the only voter elects itself, and
/// serves the same pool beside the others (S1).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_makes_nobody_a_cluster_of_its_own() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let leader = nodes[0].status().leader.unwrap().0;
    let victim = (1..=3).find(|node| *node != leader).unwrap();
    let liar = (1..=3)
        .rfind(|node| ![leader, victim].contains(node))
        .unwrap();
    let node = &nodes[usize::try_from(victim).unwrap() - 1];
    let intruder = Intruder::new(&site, victim, liar, None);
    let alone = |term: u64, index: u64| storage::Entry {
        log_id: log_id(term, index),
        payload: Some(storage::entry::Payload::Membership(storage::Membership {
            configs: vec![storage::VoterSet {
                node_ids: vec![victim],
            }],
            nodes: vec![storage::Node {
                node_id: victim,
                address: site.address(victim),
                key: None,
            }],
        })),
    };
    let (at, index) = (node.status().term, node.status().last_applied);
    // Written by the liar, or by a leader before it.
    for (vote_term, entry_term) in [(at + 1, at + 1), (at + 3, at + 2)] {
        let request = peer::AppendEntriesRequest {
            vote: Some(vote(vote_term, liar, true)),
            prev_log_id: log_id(at, index),
            entries: vec![alone(entry_term, index + 1)],
            ..peer::AppendEntriesRequest::default()
        };
        let refused = intruder.append(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
        assert!(refused.message().contains("members"), "{refused}");
    }
    assert_eq!(refusals(node, "members"), 2);
    unharmed(&nodes, 5).await;
    assert_eq!(node.status().members.len(), 3);
}

/// A liar has raised one of two honest nodes: they agree again, in steps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_whose_terms_are_far_apart_agree_again() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let leader = nodes[0].status().leader.unwrap().0;
    let liar = leader % 3 + 1;
    let victim = liar % 3 + 1;
    let mut reached = 0;
    let intruder = Intruder::new(&site, victim, liar, None);
    for _ in 0..5 {
        let term = nodes[usize::try_from(victim).unwrap() - 1].status().term;
        reached = term + STEP;
        drop(intruder.heartbeat(vote(reached, liar, true)).await);
    }
    until("all have come nearer", || {
        terms(&nodes).iter().all(|term| *term >= reached)
    })
    .await;
    unharmed(&nodes, 4).await;
}

/// A node that waits for an operator may be invited by anybody, and is not moved far by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_answers_no_join_moves_no_term() {
    let site = Site::new(1);
    let node = Cluster::start(site.config(1)).await.unwrap();
    let begins = node.clone();
    let beginning = tokio::spawn(async move { begins.begin(&cluster::Start::Wait).await });
    let intruder = Intruder::new(&site, 1, 9, None);
    let request = peer::InviteRequest {
        node_id: 1,
        cluster_id: intruder.cluster_id.clone(),
        term: 1 << 62,
        nonce: vec![],
        route: intruder.route(),
    };
    // Until it has begun to wait it takes none.
    while let Err(refused) = intruder.client.clone().invite(request.clone()).await {
        assert!(refused.message().contains("does not wait"), "{refused}");
    }
    assert!(node.has_begun());
    // What a leader far ahead sends brings it nearer by one step, and no more.
    let far = vote(1 << 61, 9, true);
    intruder.heartbeat(far).await.unwrap_err();
    until("it has come nearer", || node.status().term >= STEP).await;
    assert_eq!(node.status().term, STEP);
    beginning.abort();
    node.shutdown().await;
}

/// From nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_without_tls_changes_nothing() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let before = terms(&nodes);
    for to in 1..=3 {
        let intruder = Intruder::new(&site, to, 9, None);
        intruder
            .heartbeat(vote(u64::MAX, 9, false))
            .await
            .unwrap_err();
        extremes(&intruder, before[0], nodes[0].status().last_applied).await;
    }
    assert_eq!(terms(&nodes), before);
    unharmed(&nodes, 5).await;
}

/// A directory that an older release let a liar poison: the node stays up, says so, and takes part in
/// nothing (openraft would add 1 to the term, at every start).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_directory_is_named_and_not_served_from() {
    let site = Site::new(1);
    let config = site.config(1);
    site.start(1, &bootstrap()).await.shutdown().await;
    let store = raft_store::open(&raft_store::OpenOptions::new(&config.data_dir, 1)).unwrap();
    let raft_store::Store {
        mut log,
        state_machine,
        reader,
        release,
        local,
        ..
    } = store;
    let poison = raft_store::Vote::new(u64::MAX, 9);
    RaftLogStorage::<raft_store::TypeConfig>::save_vote(&mut log, &poison)
        .await
        .unwrap();
    drop((log, state_machine, reader, local));
    release.released().await;
    for _ in 0..2 {
        let node = Cluster::start(site.config(1)).await.unwrap();
        let begins = node.clone();
        let beginning = tokio::spawn(async move { begins.begin(&bootstrap()).await });
        until("its status says why", || {
            let reason = node.service().not_serving_reason;
            reason.is_some_and(|reason| {
                reason.contains("poisoned") && reason.contains("18446744073709551615")
            })
        })
        .await;
        let intruder = Intruder::new(&site, 1, 2, None);
        intruder.heartbeat(vote(1, 2, true)).await.unwrap_err();
        assert!(!beginning.is_finished(), "it takes part in nothing");
        beginning.abort();
        node.shutdown().await;
    }
}
