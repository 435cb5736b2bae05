//! Interfaces and addresses, with their changes.

use crate::Test;
use crate::common::LAN;
use crate::sandbox::run;
use ipam::Ipv4Network;
use natd::netlink::{AddressPresence, AddressWatch, Holder, Links, ListenIp};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

pub const TESTS: [Test; 2] = [
    ("questions_are_answered", || block_on(questions())),
    ("a_removed_address_is_noticed", || block_on(removal())),
];

const LIMIT: Duration = Duration::from_secs(20);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 1);
const OWN: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test);
}

fn ip(command: &str) {
    run("ip", &command.split_whitespace().collect::<Vec<_>>());
}

fn bridge() {
    ip(&format!(
        "link add {LAN} address 02:00:00:00:00:01 type bridge"
    ));
    ip(&format!("link set {LAN} up"));
    ip(&format!("address add {ROUTER}/24 dev {LAN}"));
}

async fn questions() {
    let links = Links::open().expect("a connection");
    let network = Ipv4Network::new(Ipv4Addr::new(10, 15, 3, 0), 24).expect("a network");
    let listen_ip = || async {
        links
            .detect_listen_ip(LAN, network, ROUTER)
            .await
            .expect("an answer")
    };
    assert_eq!(links.interface(LAN).await.expect("an answer"), None);
    assert_eq!(listen_ip().await, ListenIp::NoInterface);
    bridge();
    assert_eq!(listen_ip().await, ListenIp::NoAddress);
    assert_eq!(
        links.interface_of(OWN).await.expect("an answer"),
        Holder::None
    );
    ip(&format!("address add {OWN}/24 dev {LAN}"));
    assert_eq!(listen_ip().await, ListenIp::One(OWN));
    let interface = links
        .interface(LAN)
        .await
        .expect("an answer")
        .expect("the bridge");
    assert_eq!(
        (interface.mac, interface.up),
        (Some([2, 0, 0, 0, 0, 1]), true)
    );
    assert_eq!(
        links.interface_of(OWN).await.expect("an answer"),
        Holder::One(interface)
    );
    let addresses = links
        .addresses_of(LAN)
        .await
        .expect("an answer")
        .expect("the bridge");
    assert_eq!(
        addresses
            .iter()
            .map(|address| (address.address, address.prefix))
            .collect::<Vec<_>>(),
        [(ROUTER, 24), (OWN, 24)]
    );
    ip(&format!("address add 10.15.3.11/24 dev {LAN}"));
    assert_eq!(
        listen_ip().await,
        ListenIp::Several(vec![OWN, Ipv4Addr::new(10, 15, 3, 11)])
    );
    ip(&format!("address add {OWN}/32 dev lo"));
    assert!(matches!(links.interface_of(OWN).await, Ok(Holder::Several(both)) if both.len() == 2));
}

async fn removal() {
    bridge();
    let (publish, mut presence) = watch::channel(AddressPresence::Present);
    let watching = AddressWatch::open(LAN, OWN).expect("a connection");
    let task = tokio::spawn(watching.run(publish));
    let mut until = async |wanted| {
        let reached = timeout(LIMIT, presence.wait_for(|now| *now == wanted)).await;
        reached
            .unwrap_or_else(|_| panic!("never {wanted:?}"))
            .expect("it runs");
    };
    until(AddressPresence::Absent).await;
    ip(&format!("address add {OWN}/24 dev {LAN}"));
    until(AddressPresence::Present).await;
    ip(&format!("address delete {OWN}/24 dev {LAN}"));
    until(AddressPresence::Absent).await;
    ip(&format!("address add {OWN}/24 dev {LAN}"));
    ip(&format!("link set {LAN} down"));
    until(AddressPresence::Down).await;
    ip(&format!("link delete {LAN}"));
    until(AddressPresence::NoInterface).await;
    drop(presence);
    timeout(LIMIT, task)
        .await
        .expect("it ends when nobody listens")
        .expect("no panic")
        .expect("no error");
}
