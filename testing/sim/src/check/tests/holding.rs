//! S1, S3: what clients hold.

use super::*;

#[test]
fn s1_two_clients_hold_one_address() {
    let mut bench = Bench::new();
    bench.tell(1, bench.ack(20));
    bench.pass(LEASE - Duration::from_millis(1));
    bench.tell(2, bench.ack(20));
    assert_eq!(bench.broken(), ["S1"]);
}

#[test]
fn s1_a_renewal_that_crosses_another_grant() {
    let mut bench = Bench::new();
    bench.tell(1, bench.ack(20));
    bench.pass(LEASE);
    bench.tell(2, bench.ack(20));
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.tell(1, bench.ack(20));
    assert_eq!(bench.broken(), ["S1"]);
}

#[test]
fn s1_is_kept_by_whoever_lets_go_first() {
    for what in [
        What::Released(address(20)),
        What::Declined(address(20)),
        What::Expired(address(20)),
    ] {
        let mut bench = Bench::new();
        bench.tell(1, bench.ack(20));
        bench.tell(1, what);
        bench.tell(2, bench.ack(20));
        assert_eq!(bench.broken(), [] as [&str; 0]);
    }
}

#[test]
fn s1_a_client_that_is_switched_off_holds_on() {
    let mut bench = Bench::new();
    bench.tell(1, bench.ack(20));
    bench.tell(1, What::SwitchedOff);
    bench.tell(2, bench.ack(20));
    assert_eq!(bench.broken(), ["S1"]);
}

#[test]
fn s3_one_client_two_addresses() {
    let mut bench = Bench::new();
    bench.tell(1, bench.ack(20));
    bench.tell(1, bench.ack(21));
    assert_eq!(bench.broken(), ["S3"]);
}

#[test]
fn s3_unless_an_operator_moved_it() {
    let mut bench = Bench::new();
    bench.tell(1, bench.ack(20));
    let reservation = ipam::Reservation {
        subnet: SubnetId(1),
        client: key(1),
        address: address(21),
    };
    bench.commit();
    bench.put_object(reservation);
    bench.commit();
    bench.tell(1, bench.ack(21));
    assert_eq!(bench.broken(), [] as [&str; 0]);
}

#[test]
fn s3_a_reservation_that_is_refused_moves_nobody() {
    let mut bench = Bench::new();
    bench.commit();
    bench.tell(1, bench.ack(20));
    let reservation = ipam::Reservation {
        subnet: SubnetId(1),
        client: key(1),
        address: address(21),
    };
    bench.ask(Change::Create(reservation.into()));
    bench.commit();
    bench.tell(1, bench.ack(21));
    assert_eq!(bench.broken(), ["S3"]);
}
