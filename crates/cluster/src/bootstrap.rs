//! How a node with an empty data directory begins, and how every node announces itself.

use crate::config::Start;
use crate::founders;
use crate::membership::MembershipError;
use crate::node::Inner;
use crate::peer_address;
use crate::propose::ProposeError;
use crate::start::StartError;
use crate::transport;
use api::proto::raft::{JoinRequest, Route, join_response};
use ipam::{Bootstrap, Command, NodeRegistration, Outcome, Refusal};
use raft_store::Applied;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// How long a node that joins waits between two rounds of asking.
const JOIN_RETRY: Duration = Duration::from_secs(1);
/// How long one node may take to answer a wish to join: it catches the newcomer up before.
const JOIN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait for a change of leadership before trying again.
const PROPOSE_RETRY: Duration = Duration::from_millis(200);

/// Begins as `start` says. A node that is a voting member already has nothing to do.
pub(crate) async fn begin(inner: &Inner, start: &Start, has_data: bool) -> Result<(), StartError> {
    let others = founders::others(inner, start);
    // A second call in one life changes nothing.
    drop(inner.join.set(others.clone()));
    if has_data && inner.has_other_voters() {
        inner.may_stand();
    } else if has_data && inner.last_voted_for_itself() {
        founders::wait_until_alone(inner, &others).await;
    }
    match start {
        Start::Bootstrap(bootstrap, _) => {
            // Looked at before anybody can join: a cluster with a second voter has begun long ago.
            let has_begun = has_data && !inner.never_had_second_voter();
            if !has_data {
                founders::wait_until_all_are_empty(inner, &others).await?;
                inner.may_stand();
            }
            lay_down(inner, bootstrap, has_data).await?;
            if has_begun {
                return Ok(());
            }
            first_profile(inner).await
        }
        Start::Join(addresses) if !inner.is_voter() => join(inner, addresses).await,
        Start::Wait if !has_data => {
            inner.admission.wait();
            tracing::info!("waiting to be added: run `gatewayctl node add` on a member");
            Ok(())
        }
        Start::Join(_) | Start::Wait => {
            if !inner.has_other_voters() {
                wait_until_laid_down(inner).await;
            }
            Ok(())
        }
    }
}

/// A bootstrap that was cut short leaves a log with one member and no cluster in it. It waits to be
/// bootstrapped again. Cancel-safe.
async fn wait_until_laid_down(inner: &Inner) {
    let is_laid_down = || {
        let known = |applied: &Applied| applied.state.cluster_id().is_some();
        inner.reader.with(known)
    };
    let mut marks = inner.reader.marks();
    while !is_laid_down() {
        if marks.changed().await.is_err() {
            // The state machine has stopped, and this node with it.
            return;
        }
    }
}

async fn lay_down(inner: &Inner, bootstrap: &Bootstrap, has_data: bool) -> Result<(), StartError> {
    // Before anything is acknowledged in its name. An earlier try may have drawn another.
    let mut bootstrap = bootstrap.clone();
    bootstrap.cluster_id = inner.cluster.claim(bootstrap.cluster_id).await?;
    if !has_data {
        inner.admit();
        let members = BTreeMap::from([(inner.config.node.0, inner.own_record())]);
        let initialized = inner.raft().initialize(members).await;
        initialized.map_err(|error| StartError::Initialize(error.to_string()))?;
    }
    if inner
        .reader
        .with(|applied| applied.state.cluster_id().is_some())
    {
        return Ok(());
    }
    match propose_until_known(inner, Command::Bootstrap(bootstrap)).await {
        Outcome::Refused(Refusal::AlreadyBootstrapped) => Ok(()),
        Outcome::Refused(refusal) => Err(StartError::Bootstrap(refusal)),
        _ => Ok(()),
    }
}

/// Sets the profile that the cluster begins with, unless one was ever set, or it is what an unset one is.
async fn first_profile(inner: &Inner) -> Result<(), StartError> {
    let set = inner.reader.with(|applied| applied.state.profile());
    if set.revision == 0 && inner.config.profile != set.profile {
        propose_until_known(inner, Command::SetProfile(inner.config.profile)).await;
    }
    Ok(())
}

/// Asks one member after the other until one of them has added this node.
async fn join(inner: &Inner, addresses: &[String]) -> Result<(), StartError> {
    while !inner.is_voter() {
        for address in addresses {
            match ask_to_join(inner, address).await {
                Ok(()) => return Ok(()),
                Err(MembershipError::Rejected(reason)) => return Err(StartError::Rejected(reason)),
                Err(error) => tracing::info!(%address, %error, "not joined yet"),
            }
        }
        inner.wait_for_leader_change(JOIN_RETRY).await;
    }
    Ok(())
}

/// Returns when it is committed that this node votes. That its own log says so may be undone: the entry was the last
/// of a leader that lost it, and the next one takes it for a learner for good. Then it asks again.
pub(crate) async fn stay(inner: &Inner, start: &Start) {
    let Start::Join(addresses) = start else {
        return;
    };
    let mut metrics = inner.raft.server_metrics();
    let mut applied = inner.reader.marks();
    while !inner.is_committed_voter() {
        if let Err(error) = join(inner, addresses).await {
            // It may have been removed meanwhile: its status says so, and an operator decides.
            tracing::warn!("it is no voter, and does not become one: {error}");
            return;
        }
        let changed = tokio::select! {
            changed = applied.changed() => changed.is_ok(),
            () = metrics.changed() => true,
        };
        if !changed {
            // Raft has stopped, which others report with its reason.
            return;
        }
    }
}

/// Asks the member at `address`, or the leader that it points to.
async fn ask_to_join(inner: &Inner, address: &str) -> Result<(), MembershipError> {
    let mut address = address.to_owned();
    // An earlier attempt may have got as far as giving this node a log.
    let has_data = inner.raft().is_initialized().await;
    let has_data = has_data.map_err(|error| MembershipError::Failed(error.to_string()))?;
    for _ in 0..2 {
        let mut client = inner.peers.connect_to(&address)?;
        let request = JoinRequest {
            node_id: inner.config.node.0,
            peer_address: inner.config.peer_address.clone(),
            listen_ip: inner.config.listen_ip.to_bits(),
            has_data,
            nonce: inner.admission.ask().to_vec(),
            route: Some(Route {
                to: 0,
                ..inner.route_to(inner.config.node)
            }),
        };
        let answer = timeout(JOIN_TIMEOUT, client.join(request)).await;
        let answer = answer.map_err(|_| MembershipError::silent(&address, JOIN_TIMEOUT))?;
        let answer =
            answer.map_err(|status| MembershipError::Failed(transport::explain(&status)))?;
        match answer.into_inner().result {
            Some(join_response::Result::Joined(joined)) => {
                return inner.go_on_from(joined.term).await;
            }
            Some(join_response::Result::Rejected(rejected)) => {
                return Err(MembershipError::Rejected(transport::bounded(
                    &rejected.reason,
                )));
            }
            Some(join_response::Result::NotLeader(hint))
                if peer_address::check(&hint.leader_address).is_ok() =>
            {
                address = hint.leader_address;
            }
            Some(join_response::Result::NotLeader(_)) | None => {
                return Err(MembershipError::NoLeader);
            }
        }
    }
    Err(MembershipError::NoLeader)
}

/// What this node announces of itself.
pub(crate) fn registration(inner: &Inner) -> NodeRegistration {
    NodeRegistration {
        node: inner.config.node,
        listen_ip: inner.config.listen_ip,
        peer_address: inner.config.peer_address.clone(),
        listeners: inner.listeners(),
        addresses: inner.host_addresses(),
    }
}

/// Announces this node's listen IP and peer address, unless the cluster knows them already.
pub(crate) async fn register(inner: &Inner) -> Result<(), StartError> {
    let registration = registration(inner);
    let known = |state: &ipam::State| state.nodes().get(&registration.node) == Some(&registration);
    if inner.reader.with(|applied| known(&applied.state)) {
        return Ok(());
    }
    match propose_until_known(inner, Command::RegisterNode(registration.clone())).await {
        Outcome::Refused(refusal) => Err(StartError::ListenIp(refusal)),
        _ => Ok(()),
    }
}

/// For commands that may be committed twice without harm.
async fn propose_until_known(inner: &Inner, command: Command) -> Outcome {
    loop {
        match inner.proposer.propose(command.clone()).await {
            Ok(outcome) => return outcome,
            Err(error @ (ProposeError::Unavailable(_) | ProposeError::Unknown(_))) => {
                tracing::info!(%error, "not committed yet, trying again");
            }
        }
        inner.wait_for_leader_change(PROPOSE_RETRY).await;
    }
}
