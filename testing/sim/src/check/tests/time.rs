//! T1, T2, T3: the cluster clock.

use super::*;

#[test]
fn t1_the_clock_goes_back() {
    let mut bench = Bench::new();
    bench.pass(seconds(1));
    bench.commit();
    bench.parts.clock = ClusterTime(1000);
    bench.commit();
    assert_eq!(bench.broken(), ["T1"]);
}

#[test]
fn t2_the_clock_runs_fast() {
    let mut bench = Bench::new();
    bench.pass(seconds(100));
    bench.commit();
    bench.pass(seconds(100));
    // Two in a thousand since the term began are allowed, and as slack the longest step and three milliseconds.
    bench.parts.clock = bench.parts.clock + Span(400);
    bench.commit();
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.parts.clock = bench.parts.clock + Span(14);
    bench.commit();
    assert_eq!(bench.broken(), ["T2"]);
}

#[test]
fn t3_a_new_leader_stamps_by_a_clock_of_its_own() {
    let mut bench = Bench::new();
    bench.position.term += 1;
    bench.parts.clock = bench.parts.clock + Span::from_secs(3600);
    bench.commit();
    assert_eq!(bench.broken(), ["T3"]);
}

/// Real time passed without a leader: the next term counts on from where the clock stood.
#[test]
fn t3_time_without_a_leader_does_not_count() {
    let mut bench = Bench::new();
    bench.at = bench.at + seconds(60);
    bench.position.term += 1;
    bench.commit();
    bench.pass(seconds(1));
    bench.commit();
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.parts.clock = bench.parts.clock + Span::from_secs(30);
    bench.commit();
    assert_eq!(bench.broken(), ["T2"]);
}
