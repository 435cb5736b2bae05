//! S5 and the cluster clock: nothing ends early, nothing moves by itself.

use crate::support::*;
use ipam::*;

#[test]
fn s5_a_shorter_renewal_does_not_cut_a_promised_lease_short() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    let outcome = cluster.run(Command::from(GrantLease {
        subnet: SUBNET,
        client: client(1),
        address: ip(20),
        kind: RequestKind::Renewing,
        lease_time: Some(Span::from_secs(60)),
        hostname: None,
        node: NODE,
        probe: ConflictProbe::NotMade,
    }));
    assert!(matches!(outcome, Outcome::Granted(_)));
    cluster.wait(100);
    assert_eq!(cluster.obtain(2), None);
}

#[test]
fn a_short_lease_is_not_held_for_as_long_as_its_offer() {
    let mut cluster = Driver::new((20, 20));
    let short = LeaseTimes {
        default: Span::from_secs(30),
        minimum: Span::from_secs(30),
        ..LeaseTimes::default()
    };
    cluster.put_subnet(SubnetConfig {
        times: short,
        ..config((20, 20))
    });
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.wait(39);
    assert_eq!(cluster.obtain(2), None);
    cluster.wait(1);
    assert_eq!(
        cluster.obtain(2),
        Some(ip(20)),
        "30 s and the grace of 10 s have passed"
    );
}

#[test]
fn t2_a_batch_stamped_in_another_term_changes_nothing() {
    let mut cluster = Driver::new((20, 40));
    let before = cluster.state.clone();
    for stamp in [
        None,
        Some(Stamp {
            term: 2,
            time: ClusterTime(9_000_000),
        }),
    ] {
        let batch = Batch {
            stamp,
            commands: vec![Command::TICK.of(REQUEST)],
        };
        let effects = cluster
            .state
            .apply(LogPosition { term: 3, index: 9 }, &batch);
        assert_eq!(effects.outcomes, vec![Outcome::Refused(Refusal::UNSTAMPED)]);
    }
    assert_eq!(cluster.state, before);
}

#[test]
fn t1_the_clock_never_goes_back() {
    let mut cluster = Driver::new((20, 40));
    cluster.wait(100);
    let before = cluster.state.clock();
    cluster.now = 5_000;
    cluster.run(Command::TICK);
    assert_eq!(cluster.state.clock(), before);
}

/// T5 and S12: what ends as it begins is overdue at once, and what never ends is held for ever.
#[test]
fn t5_s12_times_that_end_as_they_begin_or_never_are_refused() {
    let never = LeaseTimes::LONGEST.as_secs() + 1;
    let usual = LeaseTimes::default().maximum.as_secs();
    for (maximum, offer, quarantine) in [
        (usual, 0, 600),
        (usual, 60, 0),
        (never, 60, 600),
        (usual, never, 600),
        (usual, 60, never),
    ] {
        let mut cluster = Driver::new((20, 254));
        let times = LeaseTimes {
            maximum: Span::from_secs(maximum),
            offer: Span::from_secs(offer),
            quarantine: Span::from_secs(quarantine),
            ..LeaseTimes::default()
        };
        let outcome = cluster.put_subnet(SubnetConfig {
            times,
            ..config((20, 254))
        });
        assert!(
            matches!(
                outcome,
                Outcome::Refused(Refusal::Object(ObjectRefusal::InvalidSubnet(
                    InvalidSubnet::Times { .. }
                )))
            ),
            "{outcome:?}"
        );
    }
}
