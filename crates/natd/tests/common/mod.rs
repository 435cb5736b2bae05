//! What the tests share: one node, some intents, golden files.

#![allow(dead_code, reason = "each test binary uses its part")]

use ipam::{
    AddressRange, ForwardKey, ForwardPolicy, Gateway, Ipv4Network, NatView, Protocol,
    ResolvedForward, SourceNat, SubnetNat,
};
use natd::{Guard, InterfaceName, NodeContext};
use std::net::Ipv4Addr;
use std::path::PathBuf;

pub const LAN: &str = "OCvpsnet";
pub const UPLINK: &str = "vmbr0";
pub const PEER_PORT: u16 = 7066;
pub const ADMIN_PORT: u16 = 7067;

pub fn node() -> NodeContext {
    let name = |name| InterfaceName::new(name).expect("a name");
    NodeContext {
        lan_interface: name(LAN),
        uplink_interface: Some(name(UPLINK)),
        listen_ip: Ipv4Addr::new(10, 15, 3, 10),
        router: Ipv4Addr::new(10, 15, 3, 1),
        guard: Guard::protecting([PEER_PORT, ADMIN_PORT]),
        networks: Vec::new(),
        addresses: [Ipv4Addr::new(203, 0, 113, 7)].into(),
    }
}

/// The same without an uplink.
pub fn without_uplink() -> NodeContext {
    NodeContext {
        uplink_interface: None,
        ..node()
    }
}

pub fn subnet(source_nat: Option<SourceNat>) -> SubnetNat {
    let host = |host| Ipv4Addr::new(10, 15, 3, host);
    SubnetNat {
        network: Ipv4Network::new(host(0), 24).expect("a network"),
        pool: AddressRange::new(host(20), host(254)).expect("a range"),
        source_nat,
    }
}

pub fn forward(protocol: Protocol, public: u16, host: u8, port: u16) -> ResolvedForward {
    ResolvedForward {
        key: ForwardKey {
            protocol,
            port: public,
        },
        address: Ipv4Addr::new(10, 15, 3, host),
        port,
    }
}

/// One subnet with masquerading, three forwards, default drop.
pub fn usual() -> NatView {
    NatView {
        subnets: vec![subnet(Some(SourceNat::Masquerade))],
        forwards: vec![
            forward(Protocol::Tcp, 80, 20, 8080),
            forward(Protocol::Tcp, 2222, 21, 22),
            forward(Protocol::Udp, 53, 22, 53),
        ],
        leading_nowhere: Vec::new(),
        gateways: vec![Gateway {
            listen_ips: [Ipv4Addr::new(10, 15, 3, 11)].into(),
            addresses: [[10, 15, 3, 11], [172, 31, 0, 2], [203, 0, 113, 100]]
                .map(Into::into)
                .into(),
            ports: [PEER_PORT, ADMIN_PORT].into(),
        }],
        forward_policy: ForwardPolicy::Drop,
    }
}

/// A subnet that is translated to a fixed address, and one that is only routed.
pub fn two_subnets() -> NatView {
    let second = SubnetNat {
        network: Ipv4Network::new(Ipv4Addr::new(10, 16, 0, 0), 16).expect("a network"),
        pool: AddressRange::new(
            Ipv4Addr::new(10, 16, 0, 20),
            Ipv4Addr::new(10, 16, 255, 254),
        )
        .expect("a range"),
        source_nat: None,
    };
    NatView {
        subnets: vec![
            subnet(Some(SourceNat::Snat(Ipv4Addr::new(203, 0, 113, 7)))),
            second,
        ],
        ..usual()
    }
}

/// Everything passes.
pub fn open() -> NatView {
    NatView {
        forward_policy: ForwardPolicy::Accept,
        ..usual()
    }
}

/// Nothing at all.
pub fn empty() -> NatView {
    NatView::default()
}

/// As many TCP forwards, from port 1 up.
pub fn many(count: u16) -> NatView {
    let forwards = (1..=count)
        .map(|port| forward(Protocol::Tcp, port, 20, port))
        .collect();
    NatView {
        forwards,
        ..usual()
    }
}

/// Compares with the file in `tests/golden`; writes it instead if `UPDATE_GOLDEN` is set.
pub fn assert_golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        golden == actual,
        "{} differs from:\n{actual}",
        path.display()
    );
}
