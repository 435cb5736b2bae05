//! The state machine alone: time and servers are made up.

use dhcproto::v4::DhcpOption;

use super::*;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);
const LEASE: u32 = 20;

fn habits(deed: Deed) -> Habits {
    Habits {
        stay_ms: 60_000..60_001,
        pause_ms: 1000..1001,
        deeds: vec![(deed, 1)],
        deaf_percent: 0,
        retransmit_ms: 4000,
        wave_ms: None,
    }
}

fn seconds(value: u64) -> Duration {
    Duration::from_secs(value)
}

fn client(habits: &Habits) -> Client {
    let mac = MacAddr([2, 0xbb, 0, 0, 0, 1]);
    Client::new(mac, Duration::ZERO, habits, Rng::with_seed(7))
}

fn reply(to: &Message, kind: MessageType) -> Message {
    let mut reply = to.clone();
    reply.set_yiaddr(ADDRESS);
    let options = reply.opts_mut();
    options.insert(DhcpOption::MessageType(kind));
    options.insert(DhcpOption::ServerIdentifier(SERVER));
    options.insert(DhcpOption::AddressLeaseTime(LEASE));
    reply
}

/// The one message that the client has to send now.
fn sent(client: &mut Client) -> Outgoing {
    let (mut outgoing, _) = client.take();
    assert_eq!(outgoing.len(), 1);
    outgoing.pop().expect("one")
}

/// Binds a client at time zero.
fn bound(habits: &Habits) -> Client {
    let mut client = client(habits);
    client.on_timer(Duration::ZERO, habits);
    let discover = sent(&mut client).message;
    client.on_reply(
        &reply(&discover, MessageType::Offer),
        Duration::ZERO,
        habits,
    );
    let request = sent(&mut client).message;
    assert_eq!(dhcp::server_id(&request), Some(SERVER));
    client.on_reply(&reply(&request, MessageType::Ack), Duration::ZERO, habits);
    let (_, events) = client.take();
    assert!(matches!(
        events[..],
        [
            Event::Received {
                kind: ReplyType::Ack,
                ..
            },
            Event::Acknowledged {
                purpose: Purpose::Acquire,
                sent: 2,
                ..
            }
        ]
    ));
    client
}

#[test]
fn renews_at_half_by_unicast_and_counts_from_the_request() {
    let habits = habits(Deed::Release);
    let mut client = bound(&habits);
    assert_eq!(client.due(), seconds(10));
    client.on_timer(seconds(10), &habits);
    let renewal = sent(&mut client);
    assert_eq!((renewal.source, renewal.server), (ADDRESS, Some(SERVER)));
    let ack = reply(&renewal.message, MessageType::Ack);
    client.on_reply(&ack, seconds(11), &habits);
    assert!(client.answers_for(ADDRESS, seconds(29)));
    assert!(!client.answers_for(ADDRESS, seconds(30)));
}

#[test]
fn a_silent_server_leads_to_rebinding_and_then_to_the_end_of_the_lease() {
    let habits = habits(Deed::Release);
    let mut client = bound(&habits);
    let mut servers = Vec::new();
    let mut ends = Vec::new();
    while client.due() <= seconds(20) {
        client.on_timer(client.due(), &habits);
        let (outgoing, events) = client.take();
        servers.extend(outgoing.iter().map(|out| out.server));
        ends.extend(events.into_iter().filter_map(|event| match event {
            Event::Unanswered { purpose, .. } => Some(purpose),
            _ => None,
        }));
    }
    assert!(servers.contains(&Some(SERVER)) && servers.contains(&None));
    assert_eq!(ends, [Purpose::Renew(ADDRESS), Purpose::Rebind(ADDRESS)]);
    assert!(!client.answers_for(ADDRESS, seconds(20)));
}

#[test]
fn a_copy_of_a_request_moves_the_start_of_the_lease() {
    let habits = habits(Deed::Release);
    let mut client = client(&habits);
    client.on_timer(Duration::ZERO, &habits);
    let discover = sent(&mut client).message;
    client.on_reply(
        &reply(&discover, MessageType::Offer),
        Duration::ZERO,
        &habits,
    );
    let request = sent(&mut client).message;
    let copied_at = client.due();
    client.on_timer(copied_at, &habits);
    client.take();
    client.on_reply(&reply(&request, MessageType::Ack), seconds(6), &habits);
    let (_, events) = client.take();
    assert!(matches!(
        events[..],
        [_, Event::Acknowledged { requested_at, .. }] if requested_at == copied_at
    ));
}

#[test]
fn a_refusal_ends_the_lease_at_once() {
    let habits = habits(Deed::Release);
    let mut client = bound(&habits);
    client.on_timer(seconds(10), &habits);
    let renewal = sent(&mut client).message;
    client.on_reply(&reply(&renewal, MessageType::Nak), seconds(10), &habits);
    assert!(!client.answers_for(ADDRESS, seconds(10)));
    let (_, events) = client.take();
    assert_eq!(
        events[1..],
        [Event::Refused {
            purpose: Purpose::Renew(ADDRESS),
            address: ADDRESS,
            server: Some(SERVER)
        }]
    );
    client.on_timer(seconds(11), &habits);
    let (_, events) = client.take();
    assert_eq!(events[..1], [Event::Began(Purpose::Acquire)]);
}

#[test]
fn a_released_address_is_no_longer_answered_for_and_is_asked_for_again() {
    let habits = Habits {
        stay_ms: 5000..5001,
        ..habits(Deed::Release)
    };
    let mut client = bound(&habits);
    client.on_timer(seconds(5), &habits);
    let release = sent(&mut client);
    assert_eq!(release.server, Some(SERVER));
    assert!(!client.answers_for(ADDRESS, seconds(5)));
    client.on_timer(seconds(6), &habits);
    let discover = sent(&mut client).message;
    let wish = DhcpOption::RequestedIpAddress(ADDRESS);
    let asked = discover
        .opts()
        .get(dhcproto::v4::OptionCode::RequestedIpAddress);
    assert_eq!(asked, Some(&wish));
}

#[test]
fn who_vanishes_keeps_the_lease_and_answers_nobody() {
    let habits = Habits {
        stay_ms: 5000..5001,
        ..habits(Deed::VanishForGood)
    };
    let mut client = bound(&habits);
    client.on_timer(seconds(5), &habits);
    assert!(client.is_gone());
    assert!(!client.answers_for(ADDRESS, seconds(6)));
    assert!(client.take().0.is_empty());
}

#[test]
fn who_goes_astray_asks_for_another_address_than_its_own() {
    let habits = Habits {
        stay_ms: 5000..5001,
        ..habits(Deed::RebootAstray)
    };
    let mut client = bound(&habits);
    client.on_timer(seconds(5), &habits);
    client.take();
    client.on_timer(seconds(6), &habits);
    let (outgoing, events) = client.take();
    assert_eq!(outgoing.len(), 1);
    assert!(matches!(
        events[..],
        [Event::Began(Purpose::Reboot(address))] if address != ADDRESS
    ));
}

#[test]
fn who_forges_gives_up_what_is_not_its_own_and_keeps_its_own() {
    let habits = Habits {
        stay_ms: 5000..5001,
        ..habits(Deed::Forge)
    };
    let mut client = bound(&habits);
    client.on_timer(seconds(5), &habits);
    let (outgoing, events) = client.take();
    assert_eq!(outgoing.len(), 1);
    assert!(matches!(
        events[..],
        [Event::GaveUp {
            purpose: Purpose::Release(address) | Purpose::Decline(address),
            ..
        }] if address != ADDRESS
    ));
    assert!(client.answers_for(ADDRESS, seconds(6)));
}

#[test]
fn a_holder_asks_one_node_for_its_address_and_keeps_it_meanwhile() {
    let habits = habits(Deed::Release);
    let mut client = bound(&habits);
    client.confirm(3, seconds(2));
    let (outgoing, events) = client.take();
    assert_eq!(events, [Event::Began(Purpose::Confirm(ADDRESS, 3))]);
    assert_eq!((outgoing[0].server, outgoing[0].only), (None, Some(3)));
    assert!(client.is_confirming());
    let ack = reply(&outgoing[0].message, MessageType::Ack);
    client.on_reply(&ack, seconds(2), &habits);
    assert!(!client.is_confirming() && client.answers_for(ADDRESS, seconds(21)));
    client.take();
    client.confirm(1, seconds(3));
    while client.is_confirming() {
        client.on_timer(client.due(), &habits);
    }
    let (outgoing, events) = client.take();
    assert_eq!(outgoing.len() as u32, CONFIRM_ATTEMPTS);
    let purpose = Purpose::Confirm(ADDRESS, 1);
    let given_up = Event::Unanswered { purpose, sent: 8 };
    assert_eq!(events, [Event::Began(purpose), given_up]);
}

#[test]
fn who_holds_nothing_confirms_nothing() {
    let habits = habits(Deed::Release);
    let mut client = client(&habits);
    client.on_timer(Duration::ZERO, &habits);
    client.take();
    client.confirm(1, seconds(1));
    assert!(!client.is_confirming());
    assert!(client.take().1.is_empty());
}

#[test]
fn each_copy_of_a_discover_is_counted() {
    let habits = habits(Deed::Release);
    let mut client = client(&habits);
    let mut copies = Vec::new();
    for _ in 0..3 {
        client.on_timer(client.due(), &habits);
        copies.extend(client.take().1.into_iter().filter_map(|event| match event {
            Event::Discovered { copies, .. } => Some(copies),
            _ => None,
        }));
    }
    assert_eq!(copies, [1, 2, 3]);
}

#[test]
fn an_answer_to_an_earlier_transaction_changes_nothing() {
    let habits = habits(Deed::Release);
    let mut client = bound(&habits);
    let mut stranger = Message::default();
    stranger.set_xid(1).set_chaddr(&[2, 0xbb, 0, 0, 0, 1]);
    client.on_reply(&reply(&stranger, MessageType::Nak), seconds(1), &habits);
    assert!(client.answers_for(ADDRESS, seconds(1)));
    let (_, events) = client.take();
    assert!(matches!(
        events[..],
        [Event::Received {
            kind: ReplyType::Nak,
            ..
        }]
    ));
}
