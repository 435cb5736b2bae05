//! Three nodes with real disks and sockets: one table, whatever happens to one of them.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use cluster::{Cluster, MembershipError, Start, StartError};
use ipam::{ClusterRefusal, Command, NodeId, Outcome};
use openraft::EntryPayload;
use openraft::storage::RaftLogStorageExt;
use raft_store::{CommittedLeaderId, Entry, LogId, Membership, OpenOptions, PeerNode, TypeConfig};
use std::collections::{BTreeMap, BTreeSet};
use support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_node_serves_and_all_agree() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let mut addresses = BTreeSet::new();
    for number in 0..30 {
        addresses.insert(obtain(&nodes[usize::from(number) % 3], number).await);
    }
    assert_eq!(addresses.len(), 30);
    assert_eq!(obtain(&nodes[1], 4).await, obtain(&nodes[2], 4).await, "S3");
    converged(&nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_costs_few_entries() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let before = nodes[0].status().last_applied;
    let storm = (0..200).map(|number| obtain(&nodes[usize::from(number) % 3], number));
    let addresses: BTreeSet<_> = futures::future::join_all(storm).await.into_iter().collect();
    assert_eq!(addresses.len(), 200);
    let entries = nodes[0].status().last_applied - before;
    assert!(
        entries < 200,
        "400 commands took {entries} entries: they are not batched"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loss_of_the_leader_loses_no_lease() {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    let before = obtain(&nodes[1], 1).await;
    let leader = leader_of(&nodes).unwrap();
    nodes.remove(leader).shutdown().await;
    assert_eq!(obtain(&nodes[0], 1).await, before);
    assert_ne!(obtain(&nodes[1], 2).await, before);
    for node in &nodes {
        in_service(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_quorum_says_so_and_commits_nothing() {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    let alone = nodes.remove(0);
    for node in nodes {
        node.shutdown().await;
    }
    let service = alone.watch_service();
    until("silent", || !service.borrow().in_service()).await;
    let reason = service.borrow().not_serving_reason.clone().unwrap();
    assert!(reason.contains("no quorum"), "{reason}");
    let applied = alone.status().last_applied;
    assert!(
        alone
            .propose(alone.new_request(), Command::TICK)
            .await
            .is_err()
    );
    assert_eq!(alone.status().last_applied, applied);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_all_have_stopped_every_lease_is_there() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let mut leases = Vec::new();
    for number in 0..20 {
        leases.push(obtain(&nodes[usize::from(number) % 3], number).await);
    }
    for node in nodes {
        node.shutdown().await;
    }
    let starts = (1..=3).map(|node| site.start(node, &Start::Wait));
    let nodes = futures::future::join_all(starts).await;
    for (number, address) in (0..20).zip(leases) {
        assert_eq!(
            obtain(&nodes[usize::from(number) % 3], number).await,
            address
        );
    }
    converged(&nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_catches_up() {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap();
    let away = if leader == 2 { 1 } else { 2 };
    nodes.remove(away).shutdown().await;
    for number in 0..50 {
        obtain(&nodes[usize::from(number) % 2], number).await;
    }
    nodes.push(site.start(away as u64 + 1, &Start::Wait).await);
    converged(&nodes).await;
}

/// Nobody else is there to elect it, and its vote says that it is no newcomer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_of_one_starts_again_without_being_told_to_bootstrap() {
    let site = Site::new(1);
    let node = site.start(1, &bootstrap()).await;
    let before = obtain(&node, 1).await;
    node.shutdown().await;
    let node = site.start(1, &Start::Wait).await;
    in_service(&node).await;
    assert_eq!(obtain(&node, 1).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_cannot_have_one_listen_ip() {
    let site = Site::new(2);
    let first = site.start(1, &bootstrap()).await;
    let mut config = site.config(2);
    config.listen_ip = ip(10);
    let second = cluster::Cluster::start(config).await.unwrap();
    let refused = second
        .begin(&Start::Join(vec![site.address(1)]))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("10.15.3.10") && refused.contains("node 1"),
        "{refused}"
    );
    assert_eq!(
        first.status().members.len(),
        1,
        "it must not have become a member"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_lost_its_data_is_not_let_in_under_its_old_id() {
    let mut site = Site::new(3);
    let mut nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap();
    let victim = (leader + 1) % 3;
    nodes.remove(victim).shutdown().await;
    site.directories[victim] = tempfile::TempDir::new().unwrap();
    let join = Start::Join(vec![nodes[0].status().members[leader].peer_address.clone()]);
    let id = victim as u64 + 1;
    let refused = site.try_start(id, &join).await;
    assert!(
        matches!(refused.err(), Some(StartError::Rejected(reason)) if reason.contains("node remove"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_node_frees_its_listen_ip() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap();
    let leaves = &nodes[(leader + 1) % 3];
    let removed = leaves.status().node;
    let listen_ip = nodes[leader]
        .read(|state| {
            state
                .nodes()
                .get(&removed)
                .and_then(|node| node.listen_ip(SUBNET))
        })
        .unwrap();
    let holder = || nodes[leader].read(|state| state.node_at(listen_ip));
    assert_eq!(holder(), Some(removed));
    nodes[leader].remove_node(removed).await.unwrap();
    assert_eq!(nodes[leader].status().members.len(), 2);
    until("nobody has the address", || holder().is_none()).await;
    let service = leaves.watch_service();
    until("the removed node is silent", || {
        !service.borrow().in_service()
    })
    .await;
}

/// The admin port is on each host's loopback: whoever is asked has the leader do it (ADR 0030).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_does_not_lead_changes_members() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap();
    let [asked, leaves] = [1, 2].map(|next| &nodes[(leader + next) % 3]);
    let (leaves, leads) = (leaves.status().node, nodes[leader].status().node);
    let refused = asked.remove_node(leads).await.unwrap_err();
    assert!(refused.to_string().contains("is the leader"), "{refused}");
    asked.remove_node(leaves).await.unwrap();
    assert_eq!(nodes[leader].status().members.len(), 2);
    let again = asked.remove_node(leaves).await.unwrap_err();
    assert!(matches!(again, MembershipError::Rejected(_)), "{again:?}");
    let nobody = asked.add_node(NodeId(9), "127.0.0.1:9").await.unwrap_err();
    assert!(nobody.to_string().contains("127.0.0.1:9"), "{nobody}");
}

/// An operator who was told that it is unknown what came of it says the same again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_is_added_again_is_a_member() {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap();
    let gone = nodes.remove((leader + 1) % 3);
    let away = gone.status().node;
    let leader = leader_of(&nodes).unwrap();
    let members = nodes[leader].status().members;
    let address = |node| {
        let mut members = members.iter();
        let member = members.find(|member| member.node == node).unwrap();
        member.peer_address.clone()
    };
    // Whoever is asked.
    for asked in &nodes {
        for added in &members {
            asked
                .add_node(added.node, &added.peer_address)
                .await
                .unwrap();
        }
    }
    assert_eq!(nodes[leader].status().members.len(), 3);
    gone.shutdown().await;
    until("the leader misses the node that is down", || {
        let members = nodes[leader].status().members;
        members
            .iter()
            .any(|member| member.node == away && !member.reachable)
    })
    .await;
    let refused = nodes[leader].add_node(away, &address(away)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("does not answer"), "{refused}");
}

/// Else the change of voters could neither be committed nor be taken back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_the_others_need_is_not_removed() {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap();
    let [needed, down] = [1, 2].map(|next| nodes[(leader + next) % 3].status().node);
    nodes.remove((leader + 2) % 3).shutdown().await;
    let leader = &nodes[leader_of(&nodes).unwrap()];
    until("the leader misses the node that is down", || {
        let members = leader.status().members;
        members
            .iter()
            .any(|member| member.node == down && !member.reachable)
    })
    .await;
    let refused = leader.remove_node(needed).await.unwrap_err().to_string();
    assert!(
        refused.contains(&format!("node {needed} is needed")),
        "{refused}"
    );
    leader.remove_node(down).await.unwrap();
    leader.remove_node(needed).await.unwrap();
    obtain(leader, 1).await;
}

/// It may be a leader of yesterday, and so may be what it knows of the members.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_reaches_nobody_says_nothing_of_the_members() {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    let leader = nodes.remove(leader_of(&nodes).unwrap());
    for other in nodes {
        other.shutdown().await;
    }
    let stranger = NodeId(9);
    let removed = leader.remove_node(stranger).await;
    assert!(
        matches!(removed, Err(MembershipError::NoLeader)),
        "{removed:?}"
    );
    let added = leader.add_node(leader.status().node, "127.0.0.1:9").await;
    assert!(matches!(added, Err(MembershipError::NoLeader)), "{added:?}");
}

/// A power cut between the first entry of the log and the one that holds the cluster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bootstrap_that_was_cut_short_is_repeated() {
    let site = Site::new(1);
    let config = site.config(1);
    let store = raft_store::open(&OpenOptions::new(&config.data_dir, 1)).unwrap();
    let (mut log, release) = (store.log, store.release);
    drop((store.state_machine, store.reader, store.local));
    let members = BTreeMap::from([(1, PeerNode::new(site.address(1)))]);
    let first = Entry {
        log_id: LogId::new(CommittedLeaderId::new(0), 0),
        payload: EntryPayload::Membership(
            Membership::new(vec![BTreeSet::from([1])], members).unwrap(),
        ),
    };
    RaftLogStorageExt::<TypeConfig>::blocking_append(&mut log, [first])
        .await
        .unwrap();
    drop(log);
    release.released().await;

    let node = Cluster::start(site.config(1)).await.unwrap();
    let waits = node.clone();
    let waits = tokio::spawn(async move { waits.begin(&Start::Wait).await });
    let laid_down = || node.status().leader == Some(NodeId(1));
    until("it leads itself", laid_down).await;
    assert!(!waits.is_finished(), "there is no cluster yet");
    node.begin(&bootstrap()).await.unwrap();
    waits.await.unwrap().unwrap();
    in_service(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_bootstrap_is_refused() {
    let site = Site::new(1);
    let node = site.start(1, &bootstrap()).await;
    let Start::Bootstrap(again, _) = bootstrap() else {
        unreachable!()
    };
    let outcome = node
        .propose(node.new_request(), Command::from(*again))
        .await;
    let refused = Outcome::refused(ClusterRefusal::AlreadyBootstrapped);
    assert_eq!(outcome, Ok(refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_disk_does_not_found_a_second_cluster() {
    let site = Site::new(2);
    let _first = site.start(1, &bootstrap()).await;
    let Start::Bootstrap(again, _) = bootstrap() else {
        unreachable!()
    };
    let again = Start::Bootstrap(again, vec![site.address(1)]);
    let refused = site.try_start(2, &again).await;
    assert!(matches!(refused.err(), Some(StartError::ClusterExists(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_is_not_removed_while_it_leads() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let leader = &nodes[leader_of(&nodes).unwrap()];
    let refused = leader.remove_node(leader.status().node).await.unwrap_err();
    assert!(refused.to_string().contains("is the leader"), "{refused}");
    assert_eq!(leader.status().members.len(), 3);
}
