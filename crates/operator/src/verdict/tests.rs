//! What operators read, word for word.

use super::*;

fn member(node: u64) -> MemberObserved {
    MemberObserved {
        node: NodeId(node),
        peer_address: format!("172.31.0.{node}:7066"),
        voter: true,
        unreachable: None,
        in_service: true,
    }
}

fn gone(node: u64, seconds: u64) -> MemberObserved {
    MemberObserved {
        unreachable: Some(Duration::from_secs(seconds)),
        in_service: false,
        ..member(node)
    }
}

fn observed(members: Vec<MemberObserved>) -> Observed {
    Observed {
        has_quorum: true,
        members,
        ..Observed::default()
    }
}

#[track_caller]
fn assert_verdict(observed: &Observed, level: Level, summary: &str) {
    let verdict = Verdict::of(observed);
    assert_eq!(verdict.summary, summary);
    assert_eq!(verdict.level, level);
    assert_eq!(verdict.blockers.is_empty(), level == Level::Healthy);
}

#[test]
fn s11_all_members_up_is_healthy() {
    for (members, summary) in [
        (1, "HEALTHY: 1 of 1 nodes; one failure stops service"),
        (2, "HEALTHY: 2 of 2 nodes; one failure stops service"),
        (3, "HEALTHY: 3 of 3 nodes; one failure is survived"),
        (5, "HEALTHY: 5 of 5 nodes; 2 failures are survived"),
    ] {
        let members = (1..=members).map(member).collect();
        assert_verdict(&observed(members), Level::Healthy, summary);
    }
}

#[test]
fn s11_unreachable_member_is_degraded_and_named() {
    assert_verdict(
        &observed(vec![member(1), member(2), gone(3, 251)]),
        Level::Degraded,
        "DEGRADED: 2 of 3 nodes; one more failure stops service. Node 3 unreachable for 4 min",
    );
    let five = vec![member(1), member(2), member(3), member(4), gone(5, 7)];
    assert_verdict(
        &observed(five),
        Level::Degraded,
        "DEGRADED: 4 of 5 nodes; one more failure is survived. Node 5 unreachable for 7 s",
    );
}

#[test]
fn s11_member_that_does_not_serve_is_degraded() {
    let silent = MemberObserved {
        in_service: false,
        ..member(2)
    };
    let learner = MemberObserved {
        voter: false,
        in_service: false,
        ..member(4)
    };
    assert_verdict(
        &observed(vec![member(1), silent, member(3), learner]),
        Level::Degraded,
        "DEGRADED: 2 of 4 nodes; one failure is survived. Node 2 not serving. Node 4 not voting yet",
    );
}

#[test]
fn s11_full_pool_and_nat_out_of_sync_are_degraded() {
    let full = Observed {
        full_pools: vec!["10.15.3.20-10.15.3.254".to_owned()],
        nat_problems: vec!["the uplink vmbr9 is absent".to_owned()],
        ..observed(vec![member(1), member(2), member(3)])
    };
    assert_verdict(
        &full,
        Level::Degraded,
        "DEGRADED: 3 of 3 nodes; one failure is survived. Pool 10.15.3.20-10.15.3.254 is full. \
         NAT is not as it should be",
    );
}

#[test]
fn s11_node_without_quorum_is_not_serving() {
    let cut_off = Observed {
        node: NodeId(3),
        not_serving: Some("no quorum in reach: 0 of its peers answer".to_owned()),
        has_quorum: false,
        ..observed(vec![
            gone(1, 70),
            gone(2, 70),
            MemberObserved {
                in_service: false,
                ..member(3)
            },
        ])
    };
    let verdict = Verdict::of(&cut_off);
    assert_eq!(
        verdict.summary,
        "NOT SERVING: no quorum in reach: 0 of its peers answer. Node 1 unreachable for 1 min. \
         Node 2 unreachable for 1 min. 0 of 3 nodes in service"
    );
    assert_eq!(verdict.level, Level::NotServing);
    let remedy = verdict.blockers[0].remedy();
    assert!(remedy.contains("start gatewayd"), "{remedy}");
}

#[test]
fn remedy_of_a_node_without_a_cluster_names_bootstrap() {
    let waiting = Observed {
        node: NodeId(1),
        not_serving: Some("it is not a voting member of the cluster (yet)".to_owned()),
        has_quorum: false,
        ..observed(Vec::new())
    };
    let remedy = Verdict::of(&waiting).blockers[0].remedy();
    assert!(remedy.contains("gatewayctl bootstrap"), "{remedy}");
    assert!(!remedy.contains("do not remove"), "{remedy}");
}

/// It starts and asks its peers, or it was removed: no node is down, and none is to be started.
#[test]
fn remedy_is_left_to_the_reason_where_a_majority_answers() {
    let removed = Observed {
        node: NodeId(3),
        not_serving: Some("it has been removed from the cluster, says node 1".to_owned()),
        has_quorum: false,
        ..observed(vec![member(1), member(2), member(3)])
    };
    assert_eq!(Verdict::of(&removed).blockers[0].remedy(), "");
}

#[test]
fn every_blocker_names_its_cause_and_most_a_remedy() {
    for blocker in [
        Blocker::MemberUnreachable {
            node: NodeId(3),
            peer_address: "172.31.0.3:7066".to_owned(),
            since: Duration::from_secs(7200),
            removable: true,
        },
        Blocker::MemberNotServing(NodeId(3)),
        Blocker::MemberNotVoting(NodeId(3)),
        Blocker::PoolFull("10.15.3.20-10.15.3.254".to_owned()),
    ] {
        assert!(!blocker.cause().is_empty() && !blocker.remedy().is_empty());
    }
}

#[test]
fn s11_removed_node_says_so_and_nothing_of_the_others() {
    let silent = |node| MemberObserved {
        in_service: false,
        ..member(node)
    };
    let removed = Observed {
        not_serving: Some("it was removed".to_owned()),
        is_removed: true,
        has_quorum: false,
        ..observed(vec![silent(1), gone(2, 9), silent(3)])
    };
    let expected = "NOT SERVING: it was removed";
    assert_verdict(&removed, Level::NotServing, expected);
    let blockers = Verdict::of(&removed).blockers;
    assert_eq!(blockers.len(), 1, "{blockers:?}");
    assert_eq!(blockers[0].remedy(), "", "the reason has it");
}

/// Green would be a lie.
#[test]
fn s11_node_that_serves_tells_of_the_others_whatever_it_was_told_before() {
    let told = Observed {
        is_removed: true,
        ..observed(vec![member(1), member(2), gone(3, 251)])
    };
    assert_eq!(Verdict::of(&told).level, Level::Degraded);
}
