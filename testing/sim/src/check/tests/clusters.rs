//! S12, and ST2 of names: two clusters on one network.

use super::*;
use crate::check::Shown;

const OURS: [u8; 16] = [1; 16];
const THEIRS: [u8; 16] = [0xab; 16];
const NONE: [&str; 0] = [];

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.judge.of_cluster(OURS);
    bench
}

#[test]
fn s12_a_node_with_another_clusters_state() {
    let mut bench = bench();
    bench.commit();
    assert_eq!(bench.broken(), NONE);
    bench.parts.cluster_id = Some(THEIRS);
    bench.commit();
    assert!(bench.broken().contains(&"S12"), "{:?}", bench.broken());
}

#[test]
fn s12_a_call_of_another_cluster_is_answered() {
    let mut bench = bench();
    let (node, caller) = (NodeId(1), NodeId(2));
    bench.judge.crossed(bench.at, node, caller, "Vote");
    assert_eq!(bench.broken(), ["S12"]);
}

/// Node 1 shows a member, and says something of another cluster.
fn shows(bench: &mut Bench, address: &str, notice: &str) {
    bench.judge.shown(&Shown {
        at: bench.at,
        node: NodeId(1),
        reason: None,
        verdict: None,
        members: vec![(NodeId(2), address.to_owned())],
        notices: vec![notice.to_owned()],
        all_well: true,
        could: true,
    });
}

#[test]
fn st2_a_member_where_none_of_ours_was_and_a_cluster_that_is_not_there() {
    let there = "node 3 belongs to another cluster (abababab)";
    let nowhere = "node 3 belongs to another cluster (cdcdcdcd)";
    for (address, notice, expected) in [
        ("n2:7000", there, &NONE as &[&str]),
        ("m2:7000", there, &NONE),
        ("x2:7000", there, &["ST2"]),
        ("n2:7000", nowhere, &["ST2"]),
    ] {
        let mut bench = bench();
        bench.judge.other_cluster(THEIRS);
        for ours in ["n2:7000", "m2:7000"] {
            bench.judge.address(ours);
        }
        shows(&mut bench, address, notice);
        assert_eq!(bench.broken(), expected, "{address} {notice}");
    }
}

#[test]
fn st2_a_move_that_nobody_made() {
    let reason =
        "its peer address is m2:7000 now, and the cluster has it at n2:7000: it tells its peers";
    for (moved, expected) in [(true, &NONE as &[&str]), (false, &["ST2"])] {
        let mut bench = bench();
        if moved {
            let trouble = causes::Trouble::Reconfigured;
            bench.judge.trouble(bench.at, NodeId(1), trouble);
        }
        bench.judge.shown(&Shown {
            at: bench.at,
            node: NodeId(1),
            reason: Some(reason.to_owned()),
            verdict: None,
            members: vec![],
            notices: vec![],
            all_well: false,
            could: false,
        });
        assert_eq!(bench.broken(), expected);
    }
}
