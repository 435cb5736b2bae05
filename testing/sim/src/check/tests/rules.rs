//! NAT: every node's kernel at the end.

use super::*;

#[test]
fn rules_that_are_not_the_plans() {
    let mut bench = Bench::new();
    bench.finish();
    assert_eq!(bench.judge.violations(), []);
    let state = bench.state();
    let end = End {
        node: NodeId(1),
        position: bench.position,
        state: &state,
        ruleset: None,
        context: &context(),
    };
    bench.judge.finish(bench.at, &[end]);
    assert_eq!(bench.broken(), ["NAT"]);
}
