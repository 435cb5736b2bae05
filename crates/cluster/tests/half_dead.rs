//! Nodes that are half there: strangers at a member's address, disks that went back, copies.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer::{self as wire, HealthRequest};
use api::proto::storage::KeptNotes;
use cluster::{Cluster, Start};
use ipam::Command;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{EntryPayload, RaftLogReader};
use prost::Message;
use raft_store::{Entry, OpenOptions, Release, TypeConfig};
use std::path::Path;
use support::intruder::{CLUSTER, Intruder, log_id, vote};
use support::surroundings::{HangingDisk, Wires};
use support::*;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Replaces what is in `to`.
fn restore(from: &Path, to: &Path) {
    std::fs::remove_dir_all(to).unwrap();
    copy(from, to);
}

/// How far the log of `node` was, by the notes that are kept in this file.
fn noted(file: &Path, node: u64) -> u64 {
    let kept = std::fs::read(file).unwrap_or_default();
    let content = &kept[..kept.len().saturating_sub(4)];
    let notes = KeptNotes::decode(content).unwrap().notes;
    let notes = notes.into_iter().filter_map(|kept| kept.note);
    let of_node = notes.filter(|note| note.node_id == node);
    let indexes = of_node.filter_map(|note| note.log_id.map(|id| id.index));
    indexes.max().unwrap_or_default()
}

fn reason(node: &Cluster) -> String {
    node.service().not_serving_reason.unwrap_or_default()
}

fn notices(node: &Cluster) -> String {
    node.status().notices.join("\n")
}

/// The cluster of another life, at a member's address.
fn stranger() -> Start {
    let Start::Bootstrap(mut bootstrap, _) = bootstrap() else {
        unreachable!()
    };
    bootstrap.cluster_id = [9; 16];
    Start::Bootstrap(bootstrap, vec![])
}

/// S12: a wiped node that was told to found a cluster while it was cut off says nothing that counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_does_not_silence_the_majority() {
    let mut site = Site::new(3);
    let mut nodes = site.up().await;
    nodes.remove(2).shutdown().await;
    site.directories[2] = tempfile::TempDir::new().unwrap();
    let stray = site.start(3, &stranger()).await;
    let named = |node: &Cluster| notices(node).contains("node 3 at");
    until("the members name the stranger", || nodes.iter().all(named)).await;
    until("the stranger yields", || {
        reason(&stray).contains("another cluster")
    })
    .await;
    assert!(
        reason(&stray).contains("without --bootstrap"),
        "{}",
        reason(&stray)
    );
    for node in &nodes {
        assert!(!reason(node).contains("removed"), "{}", reason(node));
        in_service(node).await;
        obtain(node, 7).await;
        let members = node.status().members;
        let third = members.iter().find(|member| member.node.0 == 3).unwrap();
        assert!(!third.reachable, "a stranger is not the member");
    }
}

/// At the first start the others are up, and wait: it is not known otherwise that there is no cluster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_founded_when_every_other_node_has_said_that_it_has_none() {
    let site = Site::new(3);
    let Start::Bootstrap(bootstrap, _) = bootstrap() else {
        unreachable!()
    };
    let others: Vec<String> = (1..=3).map(|node| site.address(node)).collect();
    let how = Start::Bootstrap(bootstrap, others.clone());
    let founder = Cluster::start(site.config(1)).await.unwrap();
    let begun = {
        let (founder, how) = (founder.clone(), how.clone());
        tokio::spawn(async move { founder.begin(&how).await })
    };
    until("it says whom it waits for", || {
        reason(&founder).contains("does not answer")
    })
    .await;
    assert!(reason(&founder).contains("--alone"), "{}", reason(&founder));
    let join = Start::Join(others);
    let mut others = Vec::new();
    for node in [2, 3] {
        let (node, join) = (
            Cluster::start(site.config(node)).await.unwrap(),
            join.clone(),
        );
        others.push(tokio::spawn(async move {
            node.begin(&join).await.unwrap();
            node
        }));
    }
    begun.await.unwrap().unwrap();
    in_service(&founder).await;
    for other in others {
        in_service(&other.await.unwrap()).await;
    }
}

/// What a virtual machine's snapshot does. Nothing but the rolled-back node is wrong, and it is filled
/// again; then the loss of another one costs nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolled_back_follower_is_filled_again() {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap();
    let back = (leader + 1) % 3;
    let data = site.directories[back].path().join("data");
    let backup = tempfile::TempDir::new().unwrap();
    nodes.remove(back).shutdown().await;
    restore_into(backup.path(), &data);
    nodes.push(site.start(back as u64 + 1, &Start::Wait).await);
    in_service(&nodes[2]).await;
    for number in 0..40 {
        obtain(&nodes[usize::from(number) % 3], number).await;
    }
    nodes.remove(2).shutdown().await;
    restore(backup.path(), &data);
    let again = Cluster::start(site.config(back as u64 + 1)).await.unwrap();
    again.begin(&Start::Wait).await.unwrap();
    in_service(&again).await;
    nodes.push(again);
    converged(&nodes).await;
    // The other follower goes.
    let other = (0..2).find(|at| leader_of(&nodes) != Some(*at)).unwrap();
    nodes.remove(other).shutdown().await;
    for number in 40..50 {
        obtain(&nodes[0], number).await;
    }
}

fn restore_into(backup: &Path, data: &Path) {
    copy(data, backup);
}

/// A copy of the founder's directory from before the others joined, started where nobody is in reach,
/// must not go on alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_founder_does_not_go_on_alone() {
    let site = Site::new(2);
    let data = site.directories[0].path().join("data");
    let founder = site.start(1, &bootstrap()).await;
    founder.shutdown().await;
    let backup = tempfile::TempDir::new().unwrap();
    copy(&data, backup.path());
    let founder = site.start(1, &Start::Wait).await;
    let second = site.start(2, &Start::Join(vec![site.address(1)])).await;
    let address = obtain(&second, 1).await;
    founder.shutdown().await;
    second.shutdown().await;
    restore(backup.path(), &data);
    let join = Start::Join((1..=2).map(|node| site.address(node)).collect());
    let restored = Cluster::start(site.config(1)).await.unwrap();
    let beginning = {
        let (restored, join) = (restored.clone(), join.clone());
        tokio::spawn(async move { restored.begin(&join).await })
    };
    until("it says whom it waits for", || {
        reason(&restored).contains("only voter")
    })
    .await;
    assert!(
        restored
            .propose(restored.new_request(), Command::TICK)
            .await
            .is_err()
    );
    // With the other one it learns what it had forgotten.
    let second = site.start(2, &join).await;
    beginning.await.unwrap().unwrap();
    in_service(&restored).await;
    assert_eq!(obtain(&restored, 1).await, address);
    restored.shutdown().await;
    second.shutdown().await;
    // The operator decides (`--alone`).
    restore(backup.path(), &data);
    let alone = site.start(1, &Start::Wait).await;
    in_service(&alone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_are_told_to_found_a_cluster_neither_does() {
    let site = Site::new(3);
    let Start::Bootstrap(bootstrap, _) = bootstrap() else {
        unreachable!()
    };
    // Neither goes on before the third has answered, so both are asked while they wait.
    let how = |other| {
        Start::Bootstrap(
            bootstrap.clone(),
            vec![site.address(other), site.address(3)],
        )
    };
    let nodes = [
        Cluster::start(site.config(1)).await.unwrap(),
        Cluster::start(site.config(2)).await.unwrap(),
    ];
    let begun: Vec<_> = nodes
        .iter()
        .zip([how(2), how(1)])
        .map(|(node, how)| {
            let node = node.clone();
            tokio::spawn(async move { node.begin(&how).await })
        })
        .collect();
    for node in &nodes {
        until("it names the other", || reason(node).contains("as well")).await;
    }
    begun.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(nodes.iter().all(|node| node.status().members.is_empty()));
}

/// The third has no entry that the other two agreed on, but it keeps the follower's note. The follower's disk
/// goes back, and the leader is down: those two must not elect a leader that lacks what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolled_back_voter_elects_nobody_who_lacks_what_it_acknowledged() {
    let site = Site::new(3);
    let wires = Wires::default();
    let disks = [(); 3].map(|()| HangingDisk::default());
    let mut nodes = wires.up(&site, &disks).await;
    let leader = leader_of(&nodes).unwrap();
    let (back, third) = ((leader + 1) % 3, (leader + 2) % 3);
    let data = |place: usize| site.directories[place].path().join("data");
    let backup = tempfile::TempDir::new().unwrap();
    let again = |place: usize| {
        let (site, wires, disk) = (&site, &wires, &disks[place]);
        async move {
            let node = wires.start(site, place as u64 + 1, disk).await;
            let begun = node.clone();
            tokio::spawn(async move { begun.begin(&Start::Wait).await });
            node
        }
    };
    nodes[back].shutdown().await;
    copy(&data(back), backup.path());
    nodes[back] = again(back).await;
    in_service(&nodes[back]).await;
    wires.cut_off_from_the_log(&site.address(third as u64 + 1));
    let mut leases = Vec::new();
    for number in 0..20 {
        leases.push(obtain(&nodes[leader], number).await);
    }
    let saved = data(third).join("notes");
    let upto = nodes[back].status().last_applied;
    until("the third keeps what is noted now", || {
        noted(&saved, back as u64 + 1) >= upto
    })
    .await;
    for node in &nodes {
        node.shutdown().await;
    }
    restore(backup.path(), &data(back));
    nodes[third] = again(third).await;
    nodes[back] = again(back).await;
    until("it says that its disk went back", || {
        reason(&nodes[back]).contains("its disk went back")
    })
    .await;
    for node in [&nodes[back], &nodes[third]] {
        assert!(
            node.propose(node.new_request(), Command::TICK)
                .await
                .is_err(),
            "nobody may lead"
        );
    }
    nodes[leader] = again(leader).await;
    in_service(&nodes[back]).await;
    for (number, address) in (0..20).zip(leases) {
        assert_eq!(obtain(&nodes[back], number).await, address, "S2");
    }
}

/// The log of a node up to where it names this node a voter.
async fn log_of_a_learner(data: &Path, node: u64) -> Vec<Entry> {
    let mut store = raft_store::open(&OpenOptions::new(data, node)).unwrap();
    let mut reader = RaftLogStorage::<TypeConfig>::get_log_reader(&mut store.log).await;
    let entries = RaftLogReader::<TypeConfig>::try_get_log_entries(&mut reader, ..).await;
    let is_other = |entry: &Entry| match &entry.payload {
        EntryPayload::Membership(members) => !members.voter_ids().any(|voter| voter == node),
        _ => true,
    };
    entries.unwrap().into_iter().take_while(is_other).collect()
}

async fn write_log(data: &Path, node: u64, entries: Vec<Entry>) -> Release {
    let mut store = raft_store::open(&OpenOptions::new(data, node)).unwrap();
    let term = entries.last().unwrap().log_id.leader_id.term;
    let vote = raft_store::Vote::new_committed(term, 1);
    let saved = RaftLogStorage::<TypeConfig>::save_vote(&mut store.log, &vote).await;
    saved.unwrap();
    let flushed = IOFlushed::<TypeConfig>::noop();
    store.log.append(entries, flushed).await.unwrap();
    store.release
}

/// Makes a node's directory what it was when its log did not name it a voter yet.
async fn restore_a_learners(data: &Path, node: u64) {
    let older = tempfile::TempDir::new().unwrap();
    let entries = log_of_a_learner(data, node).await;
    write_log(older.path(), node, entries)
        .await
        .released()
        .await;
    for made_once in ["secret", "cluster"] {
        std::fs::copy(data.join(made_once), older.path().join(made_once)).unwrap();
    }
    restore(older.path(), data);
}

/// The same of a directory from before it was a voter: by its own log it is none, and whoever else is there
/// counts its vote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_whose_directory_is_a_learners_gives_no_vote_before_it_has_its_notes() {
    let site = Site::new(3);
    for node in site.up().await {
        node.shutdown().await;
    }
    let data = site.directories[2].path().join("data");
    restore_a_learners(&data, 3).await;
    let node = Cluster::start(site.config(3)).await.unwrap();
    let second = Intruder::new(&site, 3, 2, None);
    let stands = wire::VoteRequest {
        vote: Some(vote(99, 2, false)),
        last_log_id: log_id(98, 999),
        ..wire::VoteRequest::default()
    };
    let refused = second.vote(stands).await.unwrap_err();
    assert!(
        refused.message().contains("what it had promised"),
        "{refused}"
    );
    assert!(!node.service().in_service());
    node.shutdown().await;
    // With the others it is filled, and takes part.
    let mut nodes = Vec::new();
    for number in 1..=3 {
        nodes.push(site.start(number, &Start::Wait).await);
    }
    for node in &nodes {
        in_service(node).await;
    }
    converged(&nodes).await;
}

/// Who only asks whether somebody is there has not given what it keeps of this node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_notes_opens_nothing() {
    let site = Site::new(3);
    for node in site.up().await {
        node.shutdown().await;
    }
    let node = Cluster::start(site.config(1)).await.unwrap();
    let asks = |peers: &'static [u64], has_notes: bool, cluster: &'static [u8]| {
        let site = &site;
        async move {
            for peer in peers.iter().copied() {
                let request = HealthRequest {
                    node_id: peer,
                    cluster_id: cluster.to_vec(),
                    notes: vec![],
                    has_notes,
                };
                let mut client = Intruder::new(site, 1, peer, None).client;
                client.health(request).await.unwrap();
            }
        }
    };
    asks(&[2, 3], false, &CLUSTER).await;
    until("it collects", || {
        reason(&node).contains("0 of them have answered")
    })
    .await;
    asks(&[2, 3], false, &CLUSTER).await;
    assert!(reason(&node).contains("0 of them have answered"));
    // Who has no cluster keeps nothing of anybody.
    asks(&[2, 3], true, &[]).await;
    asks(&[2], true, &CLUSTER).await;
    until("one has answered", || {
        reason(&node).contains("1 of them have answered")
    })
    .await;
    asks(&[3], true, &CLUSTER).await;
    until("it has collected", || !reason(&node).contains("noted")).await;
}
