//! From the words of packets to the kernel's steps, the way `nft` compiles the same rules.
//!
//! In: [`Ruleset`]. Out: [`TableImage`]. Pure.

use super::{BaseChain, ChainImage, Expression, RuleImage, SetImage, TableImage};
use crate::context::InterfaceName;
use crate::ruleset::{Action, Chain, ForwardMap, Hook, Match, Rule, Ruleset};
use ipam::{Ipv4Network, Protocol};
use std::net::{Ipv4Addr, SocketAddrV4};

/// The register that everything is loaded into.
const REGISTER: u32 = libc::NFT_REG_1 as u32;
/// The second 32-bit word of [`REGISTER`]: where a looked-up target has its port.
const PORT_WORD: u32 = libc::NFT_REG32_01 as u32;

/// Offsets in the IPv4 and the TCP/UDP header, and the lengths there, in bytes.
const SOURCE_OFFSET: u32 = 12;
const DESTINATION_OFFSET: u32 = 16;
const ADDRESS_LEN: u32 = 4;
const DESTINATION_PORT_OFFSET: u32 = 2;
const PORT_LEN: u32 = 2;
/// A map's value: an address and a port, each padded to a register's word.
const TARGET_LEN: u32 = 8;
/// The kernel compares interface names as 16 bytes.
const INTERFACE_NAME_LEN: usize = libc::IFNAMSIZ;

/// nft's numbers for the types of keys and values (`datatype.h`); 6 bits each in a concatenation.
const TYPE_IPV4_ADDR: u32 = 7;
const TYPE_INET_SERVICE: u32 = 13;
const TYPE_TARGET: u32 = TYPE_IPV4_ADDR << 6 | TYPE_INET_SERVICE;

/// `NF_CT_STATE_BIT` and `IPS_DST_NAT` (`nf_conntrack_common.h`).
const STATE_INVALID: u32 = 1;
const STATE_ESTABLISHED: u32 = 1 << 1;
const STATE_RELATED: u32 = 1 << 2;
const STATUS_DNAT: u32 = 1 << 5;

/// `NFT_FIB_RESULT_ADDRTYPE`, `NFTA_FIB_F_DADDR` and `RTN_LOCAL`.
const FIB_RESULT_TYPE: u32 = 3;
const FIB_BY_DESTINATION: u32 = 1 << 1;
const ROUTE_LOCAL: u32 = 2;

impl Ruleset {
    /// What the kernel holds when these rules are in force.
    #[must_use]
    pub fn image(&self) -> TableImage {
        TableImage {
            flags: 0,
            chains: self.chains.iter().map(chain).collect(),
            sets: self.maps.iter().map(map).collect(),
        }
    }
}

fn chain(chain: &Chain) -> ChainImage {
    ChainImage {
        name: chain.name.to_owned(),
        base: chain.hook.map(base),
        flags: 0,
        rules: chain.rules.iter().map(rule).collect(),
    }
}

fn base(hook: Hook) -> BaseChain {
    let (kind, hook, priority) = match hook {
        Hook::DestinationNat => ("nat", libc::NF_INET_PRE_ROUTING, libc::NF_IP_PRI_NAT_DST),
        Hook::SourceNat => ("nat", libc::NF_INET_POST_ROUTING, libc::NF_IP_PRI_NAT_SRC),
        Hook::Forward => ("filter", libc::NF_INET_FORWARD, libc::NF_IP_PRI_FILTER),
    };
    BaseChain {
        kind: kind.to_owned(),
        hook: hook as u32,
        priority,
        policy: libc::NF_ACCEPT as u32,
    }
}

fn map(map: &ForwardMap) -> SetImage {
    let element = |(port, target): (&u16, &SocketAddrV4)| {
        let mut value = [0; TARGET_LEN as usize];
        value[..4].copy_from_slice(&target.ip().octets());
        value[4..6].copy_from_slice(&target.port().to_be_bytes());
        (Box::from(port.to_be_bytes()), Box::from(value))
    };
    SetImage {
        name: ForwardMap::name(map.protocol).to_owned(),
        flags: libc::NFT_SET_MAP as u32,
        key_type: TYPE_INET_SERVICE,
        key_len: PORT_LEN,
        data_type: TYPE_TARGET,
        data_len: TARGET_LEN,
        capacity: map.capacity(),
        elements: map.targets.iter().map(element).collect(),
    }
}

fn rule(rule: &Rule) -> RuleImage {
    let mut steps = Vec::new();
    for part in &rule.matches {
        steps.extend(condition(part));
    }
    steps.extend(action(&rule.action));
    steps
}

fn condition(part: &Match) -> Vec<Expression> {
    match part {
        Match::InInterface(name) => interface(libc::NFT_META_IIFNAME, name),
        Match::OutInterface(name) => interface(libc::NFT_META_OIFNAME, name),
        Match::SourceIn(network) => address_in(SOURCE_OFFSET, *network),
        Match::DestinationIn(network) => address_in(DESTINATION_OFFSET, *network),
        Match::DestinationNotLocal => vec![
            Expression::Fib {
                result: FIB_RESULT_TYPE,
                flags: FIB_BY_DESTINATION,
                to: REGISTER,
            },
            compare(libc::NFT_CMP_NEQ, ROUTE_LOCAL.to_ne_bytes()),
        ],
        Match::Known => any_bit(libc::NFT_CT_STATE, STATE_ESTABLISHED | STATE_RELATED),
        Match::Invalid => any_bit(libc::NFT_CT_STATE, STATE_INVALID),
        Match::DestinationTranslated => any_bit(libc::NFT_CT_STATUS, STATUS_DNAT),
    }
}

fn action(action: &Action) -> Vec<Expression> {
    let verdict = |code: i32| vec![Expression::Verdict { code, chain: None }];
    match action {
        Action::Accept => verdict(libc::NF_ACCEPT),
        Action::Drop => verdict(libc::NF_DROP),
        Action::Return => verdict(libc::NFT_RETURN),
        Action::Jump(chain) => {
            vec![Expression::Verdict {
                code: libc::NFT_JUMP,
                chain: Some((*chain).to_owned()),
            }]
        }
        Action::Masquerade => vec![Expression::Masquerade { flags: 0 }],
        Action::SourceNat(address) => source_nat(*address),
        Action::DestinationNat(protocol) => destination_nat(*protocol),
    }
}

fn interface(key: libc::c_int, name: &InterfaceName) -> Vec<Expression> {
    let mut padded = [0; INTERFACE_NAME_LEN];
    padded[..name.as_str().len()].copy_from_slice(name.as_str().as_bytes());
    vec![
        Expression::Meta {
            key: key as u32,
            to: REGISTER,
        },
        compare(libc::NFT_CMP_EQ, padded),
    ]
}

fn address_in(offset: u32, network: Ipv4Network) -> Vec<Expression> {
    vec![
        Expression::Payload {
            base: libc::NFT_PAYLOAD_NETWORK_HEADER as u32,
            offset,
            len: ADDRESS_LEN,
            to: REGISTER,
        },
        masked(network.mask().octets()),
        compare(libc::NFT_CMP_EQ, network.address().octets()),
    ]
}

fn any_bit(key: libc::c_int, bits: u32) -> Vec<Expression> {
    vec![
        Expression::Conntrack {
            key: key as u32,
            to: REGISTER,
        },
        masked(bits.to_ne_bytes()),
        compare(libc::NFT_CMP_NEQ, 0_u32.to_ne_bytes()),
    ]
}

fn masked(mask: [u8; 4]) -> Expression {
    Expression::Bitwise {
        from: REGISTER,
        to: REGISTER,
        mask: Box::from(mask),
        xor: Box::from([0; 4]),
    }
}

fn compare<const N: usize>(op: libc::c_int, value: [u8; N]) -> Expression {
    Expression::Compare {
        from: REGISTER,
        op: op as u32,
        value: Box::from(value),
    }
}

fn source_nat(address: Ipv4Addr) -> Vec<Expression> {
    vec![
        Expression::Immediate {
            to: REGISTER,
            value: Box::from(address.octets()),
        },
        nat(libc::NFT_NAT_SNAT, None),
    ]
}

fn destination_nat(protocol: Protocol) -> Vec<Expression> {
    let number = match protocol {
        Protocol::Tcp => libc::IPPROTO_TCP,
        Protocol::Udp => libc::IPPROTO_UDP,
    };
    vec![
        Expression::Meta {
            key: libc::NFT_META_L4PROTO as u32,
            to: REGISTER,
        },
        compare(libc::NFT_CMP_EQ, [number as u8]),
        Expression::Payload {
            base: libc::NFT_PAYLOAD_TRANSPORT_HEADER as u32,
            offset: DESTINATION_PORT_OFFSET,
            len: PORT_LEN,
            to: REGISTER,
        },
        Expression::Lookup {
            set: ForwardMap::name(protocol).to_owned(),
            from: REGISTER,
            to: Some(REGISTER),
        },
        nat(libc::NFT_NAT_DNAT, Some(PORT_WORD)),
    ]
}

fn nat(kind: libc::c_int, port: Option<u32>) -> Expression {
    Expression::Nat {
        kind: kind as u32,
        family: libc::NFPROTO_IPV4 as u32,
        address: REGISTER,
        port,
        flags: 0,
    }
}
