//! A peer that is no member, at nodes that have all just started: there is no leader in sight, and it says
//! without end that it leads, or calls for votes. The members elect all the same (contract S12, L1).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer as wire;
use cluster::{Cluster, Start};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::intruder::{Intruder, log_id, vote};
use support::*;
use tokio::task::JoinSet;

/// Never a member.
const STRANGER: u64 = 9;
/// Far shorter than any election.
const EVERY: Duration = Duration::from_millis(20);

/// What the stranger does.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    /// It leads.
    Leads,
    /// It stands for election, with a long log.
    Stands,
    /// It leads ever higher terms; to node 3 alone while the others refuse it.
    LeadsInTurns,
}

/// Says it to one node, without end. `others_refuse` is what node 1 did last.
async fn speak(stranger: Intruder, says: Says, others_refuse: Arc<AtomicBool>) {
    for term in 1000.. {
        let is_quiet = says == Says::LeadsInTurns && stranger.to == 3;
        if !is_quiet || others_refuse.load(Ordering::SeqCst) {
            let said = match says {
                Says::Leads => stranger
                    .heartbeat(vote(1000, STRANGER, true))
                    .await
                    .map(drop),
                Says::LeadsInTurns => stranger
                    .heartbeat(vote(term, STRANGER, true))
                    .await
                    .map(drop),
                Says::Stands => stranger.vote(stands_in(term)).await.map(drop),
            };
            if stranger.to == 1 {
                others_refuse.store(said.is_err(), Ordering::SeqCst);
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn stands_in(term: u64) -> wire::VoteRequest {
    wire::VoteRequest {
        vote: Some(vote(term, STRANGER, false)),
        last_log_id: log_id(1000, 1_000_000),
        ..wire::VoteRequest::default()
    }
}

async fn members_elect_beside_a_stranger(says: Says) {
    let site = Site::new(3);
    let mut nodes = vec![site.start(1, &bootstrap()).await];
    for id in [2, 3] {
        nodes.push(site.start(id, &Start::Join(vec![site.address(1)])).await);
    }
    for node in &nodes {
        in_service(node).await;
    }
    for node in &nodes {
        node.shutdown().await;
    }
    let mut strangers = JoinSet::new();
    let others_refuse = Arc::new(AtomicBool::new(false));
    for to in 1..=3 {
        let stranger = Intruder::new(&site, to, STRANGER, None);
        strangers.spawn(speak(stranger, says, Arc::clone(&others_refuse)));
    }
    let mut nodes = Vec::new();
    for id in 1..=3 {
        nodes.push(Cluster::start(site.config(id)).await.unwrap());
    }
    for node in &nodes {
        node.begin(&Start::Wait).await.unwrap();
    }
    for node in &nodes {
        in_service(node).await;
    }
    obtain(&nodes[0], 1).await;
    let refused = |node: &Cluster| node.status().peer_refusals.contains_key("not_a_member");
    until("the stranger is refused", || nodes.iter().all(refused)).await;
    assert!(strangers.try_join_next().is_none(), "it speaks on");
    for node in &nodes {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_without_end_that_it_leads_keeps_nobody_from_electing() {
    members_elect_beside_a_stranger(Says::Leads).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_for_votes_without_end_keeps_nobody_from_electing() {
    members_elect_beside_a_stranger(Says::Stands).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_to_one_while_the_others_refuse_it_keeps_nobody_from_electing() {
    members_elect_beside_a_stranger(Says::LeadsInTurns).await;
}
