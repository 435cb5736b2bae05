//! Who may say what: every message of a peer, and every field in it that names a node, as itself, as
//! another member, as a member that was removed, as a stranger, with TLS and without (contract S12).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::{peer, storage};
use cluster::{Cluster, PeerTls, Start};
use ipam::*;
use std::net::Ipv4Addr;
use support::intruder::{CLUSTER, Intruder, log_id, vote};
use support::*;
use tonic::{Code, Status};

/// Every request that a peer may make.
const CALLS: [&str; 9] = [
    "Append",
    "Vote",
    "PreVote",
    "InstallSnapshot",
    "TransferLeader",
    "Propose",
    "Join",
    "Invite",
    "Health",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// It was looked into.
    Heard,
    /// It was not.
    Refused,
}
use Came::{Heard, Refused};

fn came<T>(answer: Result<T, Status>) -> Came {
    match answer.map_err(|status| status.code()) {
        Err(Code::FailedPrecondition | Code::PermissionDenied) => Refused,
        // A node that is to be added is looked for, and is not there; a snapshot is read, and is none.
        Ok(_) | Err(Code::Unavailable | Code::InvalidArgument) => Heard,
        Err(code) => panic!("{code:?}"),
    }
}

/// Makes a call that can do no harm if it is heard: of a term that is over, of a node that is a member
/// already. `named` is the node in the field of the message, beside `intruder.from` in its route.
async fn call(intruder: &Intruder, call: &str, named: u64) -> Came {
    let old = vote(0, named, true);
    match call {
        "Append" => came(intruder.heartbeat(old).await),
        "Vote" | "PreVote" => {
            let request = peer::VoteRequest {
                vote: Some(vote(0, named, false)),
                ..peer::VoteRequest::default()
            };
            match call {
                "Vote" => came(intruder.vote(request).await),
                _ => came(intruder.pre_vote(request).await),
            }
        }
        "InstallSnapshot" => came(intruder.snapshot(first_snapshot(old), vec![]).await),
        "TransferLeader" => {
            let request = peer::TransferLeaderRequest {
                from_leader: Some(old),
                to_node_id: named,
                ..peer::TransferLeaderRequest::default()
            };
            came(intruder.transfer(request).await)
        }
        "Propose" => came(intruder.propose(&offer(NodeId(named), 7)).await),
        "Join" => came(join(intruder, named).await),
        "Invite" => came(invite(intruder, intruder.to).await),
        "Health" => came(health(intruder, named).await),
        other => panic!("{other}"),
    }
}

fn first_snapshot(vote: storage::Vote) -> peer::SnapshotHeader {
    let membership = storage::Membership {
        configs: vec![storage::VoterSet { node_ids: vec![1] }],
        nodes: vec![storage::Node {
            node_id: 1,
            address: "127.0.0.1:9".to_owned(),
            key: None,
        }],
    };
    peer::SnapshotHeader {
        vote: Some(vote),
        meta: Some(storage::SnapshotMeta {
            last_log_id: log_id(0, 0),
            last_membership: Some(storage::StoredMembership {
                log_id: log_id(0, 0),
                membership: Some(membership),
            }),
        }),
        length: 0,
        route: None,
    }
}

async fn join(intruder: &Intruder, node_id: u64) -> Result<peer::JoinResponse, Status> {
    let request = peer::JoinRequest {
        node_id,
        peer_address: "127.0.0.1:9".to_owned(),
        route: intruder.route().map(|route| peer::Route { to: 0, ..route }),
        ..peer::JoinRequest::default()
    };
    Ok(intruder.client.clone().join(request).await?.into_inner())
}

async fn invite(intruder: &Intruder, node_id: u64) -> Result<(), Status> {
    let request = peer::InviteRequest {
        node_id,
        cluster_id: intruder.cluster_id.clone(),
        route: intruder.route(),
        ..peer::InviteRequest::default()
    };
    intruder.client.clone().invite(request).await.map(drop)
}

async fn health(intruder: &Intruder, node_id: u64) -> Result<peer::HealthResponse, Status> {
    let request = peer::HealthRequest {
        node_id,
        cluster_id: intruder.cluster_id.clone(),
        ..peer::HealthRequest::default()
    };
    Ok(intruder.client.clone().health(request).await?.into_inner())
}

/// Three members, and one that was removed.
struct Stage {
    site: Site,
    nodes: Vec<Cluster>,
    leader: u64,
    /// The member that speaks.
    me: u64,
    other: u64,
}

const REMOVED: u64 = 4;
const STRANGER: u64 = 9;

impl Stage {
    async fn new(site: Site) -> Self {
        let mut nodes = site.up().await;
        let leader = nodes[0].status().leader.unwrap().0;
        assert_eq!(leader, 1, "whoever founds the cluster leads it");
        let gone = nodes.pop().unwrap();
        nodes[0].remove_node(NodeId(REMOVED)).await.unwrap();
        until("it knows that it was removed", || {
            let reason = gone.service().not_serving_reason;
            reason.is_some_and(|reason| reason.contains("removed"))
        })
        .await;
        gone.shutdown().await;
        for node in &nodes {
            let known = || !node.status().members.iter().any(|m| m.node.0 == REMOVED);
            until("the removal is known", known).await;
            in_service(node).await;
        }
        let (me, other) = (2, 3);
        Self {
            site,
            nodes,
            leader,
            me,
            other,
        }
    }

    /// A peer that shows `shows` and says that it is `from`.
    fn says(&self, from: u64, shows: Option<&PeerTls>) -> Intruder {
        Intruder::new(&self.site, self.leader, from, shows)
    }
}

/// What a member, another one's name, a removed one's and a stranger's are told, call by call, where the
/// name in the message and in its route are the same.
fn expected(call: &str, who: &str, proven: bool) -> Came {
    match (who, call) {
        // It does not lead.
        (_, "TransferLeader") => Refused,
        ("self", _) => Heard,
        // Without TLS nothing tells one member from the other.
        ("other", _) => {
            if proven {
                Refused
            } else {
                Heard
            }
        }
        // It may ask to come back, and is told that it was removed.
        ("removed" | "stranger", "Join" | "Health") => Heard,
        ("stranger", "Invite") => Heard,
        _ => Refused,
    }
}

async fn every_name(site: Site) {
    let tls = site.authority.is_some();
    let stage = Stage::new(site).await;
    let mine = stage.site.certificate(stage.me);
    for call_name in CALLS {
        for (who, id) in [
            ("self", stage.me),
            ("other", stage.other),
            ("removed", REMOVED),
            ("stranger", STRANGER),
        ] {
            // In the route and in the message, as a member that has only its own certificate.
            let intruder = stage.says(id, mine.as_ref());
            let heard = call(&intruder, call_name, id).await;
            let wanted = if tls && who != "self" {
                Refused
            } else {
                expected(call_name, who, tls)
            };
            assert_eq!(heard, wanted, "{call_name} as {who}, tls {tls}");
            // In the message alone. An invitation names its receiver there.
            if call_name != "Invite" && who != "self" {
                let intruder = stage.says(stage.me, mine.as_ref());
                let heard = call(&intruder, call_name, id).await;
                // A health request has no route: without TLS its word is all there is.
                let wanted = if call_name == "Health" && !tls {
                    Heard
                } else {
                    Refused
                };
                assert_eq!(heard, wanted, "{call_name} about {who}, tls {tls}");
            }
            // Proven, each with its own certificate.
            if tls && who != "other" {
                let own = stage.site.certificate(id);
                let heard = call(&stage.says(id, own.as_ref()), call_name, id).await;
                let wanted = expected(call_name, who, tls);
                assert_eq!(heard, wanted, "{call_name} of {who}, proven");
            }
        }
    }
    names_of_the_receiver_and_the_cluster(&stage, mine.as_ref()).await;
    what_is_told(&stage).await;
    for node in &stage.nodes {
        assert_eq!(node.status().members.len(), 3);
    }
    converged(&stage.nodes).await;
}

/// A request for another node, from this node itself, from node 0, of another cluster or of none.
async fn names_of_the_receiver_and_the_cluster(stage: &Stage, mine: Option<&PeerTls>) {
    for call_name in CALLS {
        let me = stage.says(stage.me, mine);
        let misled = Intruder {
            to: 3,
            ..me.clone()
        };
        if !matches!(call_name, "Join" | "Health") {
            assert_eq!(
                call(&misled, call_name, stage.me).await,
                Refused,
                "{call_name}"
            );
        }
        for from in [0, stage.leader] {
            let heard = call(&stage.says(from, mine), call_name, from).await;
            let asks_itself = call_name == "Health" && from != 0 && mine.is_none();
            assert_eq!(heard == Heard, asks_itself, "{call_name} from {from}");
        }
        for cluster_id in [vec![], vec![8; 16], vec![7; 15], vec![7; 17]] {
            let empty = cluster_id.is_empty();
            let stranger = Intruder {
                cluster_id,
                ..me.clone()
            };
            let heard = call(&stranger, call_name, stage.me).await;
            // A newcomer has no cluster yet; whoever asks for health is told which cluster answers.
            let wanted = (call_name == "Join" && empty) || call_name == "Health";
            assert_eq!(
                heard == Heard,
                wanted,
                "{call_name} {:?}",
                stranger.cluster_id
            );
        }
    }
}

/// What is told to whom is in the answer.
async fn what_is_told(stage: &Stage) {
    let ask = |id: u64, cluster_id: &[u8]| {
        let own = stage.site.certificate(id);
        let mut intruder = stage.says(id, own.as_ref());
        intruder.cluster_id = cluster_id.to_vec();
        async move { health(&intruder, id).await.unwrap() }
    };
    let member = ask(stage.me, &CLUSTER).await;
    assert!(member.member && member.term > 0 && !member.digest.is_empty());
    for nothing_more in [ask(REMOVED, &CLUSTER).await, ask(stage.me, &[8; 16]).await] {
        assert!(!nothing_more.member && nothing_more.term == 0 && nothing_more.digest.is_empty());
        assert_eq!(nothing_more.cluster_id, CLUSTER);
    }
    if stage.site.authority.is_some() {
        // The very key that was removed does not come back, and the refusal says what to do.
        let own = stage.site.certificate(REMOVED);
        let answer = join(&stage.says(REMOVED, own.as_ref()), REMOVED)
            .await
            .unwrap();
        let Some(peer::join_response::Result::Rejected(rejected)) = answer.result else {
            panic!("{answer:?}");
        };
        assert!(rejected.reason.contains("new key"), "{}", rejected.reason);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_name_in_every_message_with_tls() {
    every_name(Site::with_tls(4)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_name_in_every_message_without_tls() {
    every_name(Site::new(4)).await;
}

/// What only a leader proposes, and what operators asked at another node's admin port.
fn of_operators(config: SubnetConfig) -> Vec<Command> {
    let operator = |node| Operator {
        node: NodeId(node),
        from: "127.0.0.1:9".to_owned(),
    };
    let of = |node, change: Change| Command::from(change.by(operator(node)));
    let replace = |object: AnyObject| Change::Replace {
        object,
        expected: None,
    };
    let foreign = Ipv4Addr::new(8, 8, 8, 8);
    let router = SubnetConfig {
        router: ip(66),
        dns_servers: vec![foreign],
        ..config
    };
    let rule = SourceNatRule {
        subnet: SUBNET,
        source_nat: SourceNat::Snat(foreign),
    };
    let policy = ClusterCommand::SetForwardPolicy {
        operator: operator(2),
        policy: ForwardPolicy::Accept,
    };
    let profile = ClusterCommand::SetProfile {
        operator: operator(3),
        profile: Profile::Wan,
    };
    vec![
        of(2, replace(router.into())),
        of(2, replace(rule.into())),
        of(3, Change::Create(Forward::samples().remove(0).into())),
        policy.into(),
        profile.into(),
    ]
}

/// What another node's clients ask.
fn of_anothers_clients() -> Vec<Command> {
    let grant = GrantLease {
        subnet: SUBNET,
        client: client(1),
        address: ip(77),
        kind: RequestKind::Selecting,
        lease_time: None,
        hostname: None,
        node: NodeId(3),
        probe: ConflictProbe::NotMade,
    };
    let found = QuarantineAddress {
        subnet: SUBNET,
        address: ip(78),
        node: NodeId(3),
    };
    vec![offer(NodeId(3), 7), grant.into(), found.into()]
}

/// A member's commands, and what came of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_speaks_for_itself_alone() {
    let site = Site::with_tls(3);
    let nodes = site.up().await;
    let mine = site.certificate(2);
    let member = Intruder::new(&site, 1, 2, mine.as_ref());
    let registration = |node: u64, last: u8| {
        Command::from(NodeRegistration {
            node: NodeId(node),
            listen: [(SUBNET, ip(last))].into(),
            peer_address: "127.0.0.1:9".to_owned(),
            ..nodes[0].read(|state| state.nodes()[&NodeId(3)].clone())
        })
    };
    let config = nodes[0].read(|state| state.subnets()[&SUBNET].config().clone());
    let Start::Bootstrap(again, _) = bootstrap() else {
        unreachable!()
    };
    let before = nodes[0].read(State::clone);
    let of_the_cluster = [
        registration(3, 99),
        registration(55, 98),
        ClusterCommand::RemoveNode(NodeId(3)).into(),
        ClusterCommand::RemoveNode(NodeId(2)).into(),
        Command::from(*again),
        Command::TICK,
    ];
    let commands = of_the_cluster.into_iter().chain(of_operators(config));
    for command in commands.chain(of_anothers_clients()) {
        let refused = member.propose(&command).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{command:?}");
    }
    assert!(
        nodes[0].read(|state| *state == before),
        "nothing has changed"
    );
    assert_eq!(nodes[0].status().peer_refusals["command"], 14);
    // What its own clients ask is done, and so is what operators ask at its admin port (until issue 6).
    member.propose(&offer(NodeId(2), 7)).await.unwrap();
    obtain(&nodes[1], 3).await;
    obtain(&nodes[2], 4).await;
    converged(&nodes).await;
}

/// A removed member comes back with a new key, and serves; with the old one it is told why not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_id_comes_back_with_a_new_key() {
    let site = Site::with_tls(4);
    let stage = Stage::new(site).await;
    let refused = stage.site.start_empty(REMOVED, stage.leader).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("new key"), "{refused}");
    stage.site.renew(REMOVED);
    let back = stage.site.start_empty(REMOVED, stage.leader).await.unwrap();
    in_service(&back).await;
}

/// An empty node takes the answer to its own Join, and no other invitation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_answers_the_own_join() {
    let site = Site::new(2);
    let joins = Cluster::start(site.config(2)).await.unwrap();
    let asking = joins.clone();
    let join = Start::Join(vec![site.address(1)]);
    let joining = tokio::spawn(async move { asking.begin(&join).await });
    let captor = Intruder {
        cluster_id: vec![66; 16],
        ..Intruder::new(&site, 2, 9, None)
    };
    assert_eq!(came(invite(&captor, 2).await), Refused);
    let first = site.start(1, &bootstrap()).await;
    joining.await.unwrap().unwrap();
    in_service(&joins).await;
    in_service(&first).await;
}
