//! S2, S6, L2, L4, L6, T6: replies beside the requests that they answer.

use super::*;
use crate::check::Promises;
use dhcpd::codec::{Packet, decode};
use dhcpd::reply::{Body, build};
use ipam::{Granted, LeaseRefusal};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 11);

fn packet(client: u8, xid: u32, host: u8, server: Option<Ipv4Addr>) -> Packet {
    let message = crate::client::request_bytes(mac(client), xid, address(host), server);
    decode(&message).expect("well formed")
}

fn reply_to(packet: &Packet, body: &Body) -> Vec<u8> {
    let reply = build(packet, body, &config(), SERVER, 1500);
    reply.expect("encodable").bytes
}

fn ack(host: u8) -> Body {
    Body::Ack(Granted {
        address: address(host),
        lease_time: Span::from_secs(LEASE.as_secs()),
    })
}

fn nak(host: u8) -> Body {
    Body::Nak(LeaseRefusal::NotAvailable(address(host)))
}

/// Client 1 asks for .20 and gets this answer, after this long; the cluster grants it or not.
fn answered(granted: bool, body: &Body, after: Duration) -> Bench {
    let mut bench = Bench::new();
    let xid = bench.request(1, 20, None);
    if granted {
        bench.put(20, 1, bench.bound());
    } else {
        bench.put(20, 2, bench.bound());
    }
    bench.commit();
    bench.pass(after);
    bench.reply(&reply_to(&packet(1, xid, 20, None), body), None);
    bench
}

#[test]
fn honest_answers() {
    assert_eq!(answered(true, &ack(20), seconds(3)).judge.violations(), []);
    let refused = refused(&[22]);
    assert_eq!(refused.judge.violations(), [], "it was granted something");
}

/// Client 1, which holds these, asks to keep .20, which client 2 has, and is refused.
fn refused(holds: &[u8]) -> Bench {
    let mut bench = Bench::new();
    for host in holds {
        bench.grant(*host, 1);
        bench.pass(seconds(1));
    }
    let xid = bench.request(1, 20, None);
    bench.put(20, 2, bench.bound());
    bench.commit();
    bench.reply(&reply_to(&packet(1, xid, 20, None), &nak(20)), None);
    bench
}

#[test]
fn s6_a_nak_to_a_client_that_was_never_granted_anything() {
    assert_eq!(refused(&[]).broken(), ["S6"]);
}

#[test]
fn s2_an_ack_without_a_grant() {
    let bench = answered(false, &ack(20), Duration::ZERO);
    assert_eq!(bench.broken(), ["S2"]);
}

#[test]
fn s2_an_ack_before_anything_was_applied() {
    let mut bench = Bench::new();
    bench.put(20, 1, bench.bound());
    bench.commit();
    let xid = bench.request(1, 20, None);
    bench.reply(&reply_to(&packet(1, xid, 20, None), &ack(20)), None);
    assert_eq!(bench.broken(), ["S2"]);
}

#[test]
fn s6_a_nak_before_anything_was_applied() {
    let mut bench = Bench::new();
    let xid = bench.request(1, 20, None);
    bench.reply(&reply_to(&packet(1, xid, 20, None), &nak(20)), None);
    assert_eq!(bench.broken(), ["S6"]);
}

#[test]
fn s6_a_nak_to_the_owner() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.pass(seconds(1));
    let xid = bench.request(1, 20, None);
    bench.commit();
    bench.reply(&reply_to(&packet(1, xid, 20, None), &nak(20)), None);
    assert_eq!(bench.broken(), ["S6"]);
}

#[test]
fn s6_and_l2_a_nak_of_a_node_that_is_cut_off() {
    let mut bench = Bench::new();
    let xid = bench.request(1, 20, None);
    bench.commit();
    let cut = bench.at;
    bench.at = bench.at + seconds(6);
    let again = bench.request(1, 20, None);
    assert_eq!(again, xid);
    bench.reply(&reply_to(&packet(1, xid, 20, None), &nak(20)), Some(cut));
    let broken = bench.broken();
    assert!(
        broken.contains(&"S6") && broken.contains(&"L2"),
        "{broken:?}"
    );
}

#[test]
fn l4_an_answer_for_another_server() {
    let mut bench = Bench::new();
    let other = Some(address(12));
    let xid = bench.request(1, 20, other);
    bench.put(20, 1, bench.bound());
    bench.commit();
    bench.reply(&reply_to(&packet(1, xid, 20, other), &ack(20)), None);
    assert_eq!(bench.broken(), ["L4"]);
}

#[test]
fn t6_a_late_answer() {
    let bench = answered(true, &ack(20), Duration::from_millis(3100));
    assert_eq!(bench.broken(), ["T6"]);
}

/// Node 1 offers .22, on which somebody is since `since`, to client 1.
fn offer_of_a_used_address(bench: &mut Bench, since: TrueTime) {
    bench.judge.squatter(address(22), since);
    let offer = Body::Offer {
        address: address(22),
        lease_time: Span::from_secs(LEASE.as_secs()),
    };
    bench.reply(&reply_to(&packet(1, 7, 22, None), &offer), None);
}

#[test]
fn l6_an_address_that_somebody_uses() {
    let mut bench = Bench::new();
    offer_of_a_used_address(&mut bench, TrueTime::default());
    assert_eq!(bench.broken(), ["L6"]);
}

#[test]
fn l6_no_probe_hears_who_came_lately_or_over_a_cut_link() {
    let mut lately = Bench::new();
    let since = lately.at;
    lately.pass(seconds(60));
    offer_of_a_used_address(&mut lately, since);
    assert_eq!(lately.broken(), [] as [&str; 0]);
    let mut cut = Bench::new();
    cut.judge.link_disturbed(cut.at);
    cut.pass(seconds(60));
    offer_of_a_used_address(&mut cut, TrueTime::default());
    assert_eq!(cut.broken(), [] as [&str; 0]);
    cut.pass(seconds(4));
    offer_of_a_used_address(&mut cut, TrueTime::default());
    assert_eq!(cut.broken(), ["L6"]);
}

#[test]
fn l6_a_client_that_had_it_is_not_new_there() {
    let mut bench = Bench::new();
    bench.grant(22, 1);
    offer_of_a_used_address(&mut bench, TrueTime::default());
    assert_eq!(bench.broken(), [] as [&str; 0]);
}

/// Judged alone: where states differ, S8 itself has a verdict before.
#[test]
fn s8_one_that_differs_answers() {
    for (differs_from, after, expected) in [
        (&[2_u64, 3] as &[_], seconds(6), &["S8 silence"] as &[&str]),
        (&[2, 3], seconds(4), &[]),
        (&[2], seconds(6), &[]),
        (&[], seconds(6), &[]),
    ] {
        let mut bench = Bench::new();
        bench.judge.mind(Some(Promises("S8 silence")));
        let xid = bench.request(1, 20, None);
        let (at, position) = (bench.at, bench.position);
        let same = bench.state();
        bench.put(20, 1, bench.bound());
        let other = bench.state();
        for node in [2, 3] {
            let state = match differs_from.contains(&node) {
                true => &other,
                false => &same,
            };
            bench.judge.applied(at, NodeId(node), position, state);
        }
        bench.pass(after);
        bench.reply(&reply_to(&packet(1, xid, 20, None), &ack(20)), None);
        assert_eq!(bench.broken(), expected);
    }
}
