//! Actions: what becomes of the packets that a rule is about.

use super::Expression;
use super::steps::{
    DESTINATION_PORT_OFFSET, PORT_LEN, REGISTER, SECOND_WORD, TRANSPORT, number, payload, transport,
};
use crate::ruleset::{Action, ForwardMap};
use ipam::Protocol;
use std::net::Ipv4Addr;

/// The MSS' number among TCP's options (RFC 9293), and `NFT_RT_TCPMSS`.
const TCP_OPTION_MSS: u32 = 2;
const RT_TCPMSS: u32 = 3;

pub(super) fn action(action: &Action) -> Vec<Expression> {
    let verdict = |code: i32| vec![Expression::Verdict { code, chain: None }];
    match action {
        Action::Accept => verdict(libc::NF_ACCEPT),
        Action::Drop => verdict(libc::NF_DROP),
        Action::CountedDrop => [vec![Expression::Counter], verdict(libc::NF_DROP)].concat(),
        Action::ClampMss => clamp_mss(),
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
    let mut steps = transport(number(protocol));
    steps.push(payload(
        TRANSPORT,
        DESTINATION_PORT_OFFSET,
        PORT_LEN,
        REGISTER,
    ));
    steps.push(Expression::Lookup {
        set: ForwardMap::name(protocol).to_owned(),
        from: REGISTER,
        to: Some(REGISTER),
    });
    steps.push(nat(libc::NFT_NAT_DNAT, Some(SECOND_WORD)));
    steps
}

/// As `nft` compiles `tcp option maxseg size set rt mtu`.
fn clamp_mss() -> Vec<Expression> {
    vec![
        Expression::Route {
            key: RT_TCPMSS,
            to: REGISTER,
        },
        Expression::ByteOrder {
            from: REGISTER,
            to: REGISTER,
            op: libc::NFT_BYTEORDER_HTON as u32,
            len: 2,
            size: 2,
        },
        Expression::WriteTcpOption {
            from: REGISTER,
            kind: TCP_OPTION_MSS,
            offset: 2,
            len: 2,
        },
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
