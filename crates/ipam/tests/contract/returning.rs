//! L4 and L5: nobody is refused what is there, and who comes back finds what was theirs.

use crate::support::*;
use ipam::*;

#[test]
fn l4_as_many_clients_as_addresses_all_get_one() {
    let mut cluster = Driver::new((20, 254));
    let addresses: std::collections::BTreeSet<_> = (0..235)
        .map(|number| cluster.obtain(number).unwrap())
        .collect();
    assert_eq!(addresses.len(), 235);
    assert_eq!(cluster.obtain(250), None);
    cluster.release(7, ip(27));
    assert_eq!(
        cluster.obtain(250),
        Some(ip(27)),
        "a release frees exactly one"
    );
    assert_eq!(cluster.obtain(251), None);
}

#[test]
fn l4_a_lease_that_is_offered_again_does_not_end_before_the_offer() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.wait(3600 + 30);
    assert!(matches!(cluster.discover(1, None), Outcome::Offered(_)));
    cluster.wait(20);
    assert_eq!(
        cluster.obtain(2),
        None,
        "the grace is over, the offer is not"
    );
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::Selecting),
        granted(ip(20))
    );
}

#[test]
fn l5_an_offer_that_is_not_taken_does_not_make_the_cluster_forget() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.wait(3600 + 36);
    assert_eq!(cluster.obtain(2), Some(ip(21)), "20 is remembered as 1's");
    for _ in 0..2 {
        let offered = cluster.discover(1, None);
        assert!(matches!(offered, Outcome::Offered(offered) if offered.address == ip(20)));
        cluster.wait(60);
    }
    assert_eq!(
        cluster.obtain(3),
        Some(ip(22)),
        "20 is remembered all the same"
    );
    assert_eq!(cluster.obtain(1), Some(ip(20)));
}

#[test]
fn l5_a_client_that_comes_back_gets_the_address_it_had() {
    let mut cluster = Driver::new((20, 40));
    for number in 1..=5 {
        cluster.obtain(number).unwrap();
    }
    cluster.release(2, ip(21));
    cluster.wait(4000);
    assert_eq!(
        cluster.obtain(9),
        Some(ip(25)),
        "a new client takes what nobody is remembered at"
    );
    assert_eq!(cluster.obtain(4), Some(ip(23)));
    assert_eq!(cluster.obtain(2), Some(ip(21)));
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::InitReboot),
        granted(ip(20))
    );
}

#[test]
fn a_client_without_a_record_is_met_with_silence_not_a_nak() {
    let mut cluster = Driver::new((20, 40));
    let unknown = Outcome::refused(LeaseRefusal::UnknownClient);
    assert_eq!(cluster.request(1, ip(30), RequestKind::InitReboot), unknown);
    assert_eq!(cluster.request(1, ip(30), RequestKind::Rebinding), unknown);
}

/// L4: as many clients as addresses, however slow each is to ask: all are granted, none is refused.
#[test]
fn l4_a_storm_of_as_many_clients_as_addresses_loses_no_offer() {
    let mut cluster = Driver::new((20, 119));
    let mut offers = Vec::new();
    for number in 0..100 {
        let Outcome::Offered(offered) = cluster.discover(number, None) else {
            panic!("no offer for {number}")
        };
        offers.push(offered.address);
        cluster.wait(u64::from(number % 2));
    }
    for (number, address) in (0..100).zip(offers) {
        let outcome = cluster.request(number, address, RequestKind::Selecting);
        assert_eq!(outcome, granted(address), "client {number}");
    }
}
