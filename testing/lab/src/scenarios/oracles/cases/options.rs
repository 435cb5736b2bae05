//! Options that are doubled, of a wrong length, too small or too large (RFC 2132, RFC 3396). The message itself can be read.

use anyhow::{Context, Result};

use super::{Case, case};
use crate::probe::Reply;
use crate::scenarios::oracles::station::{DISCOVER, REQUEST, REQUESTED, Station};
use crate::wire::Bootp;

const HOST_NAME: u8 = 12;
const LEASE_TIME: u8 = 51;
const OVERLOAD: u8 = 52;
const MESSAGE_TYPE: u8 = 53;
const SERVER: u8 = 54;
const PARAMETERS: u8 = 55;
const MAX_SIZE: u8 = 57;
const VENDOR_CLASS: u8 = 60;
const CLIENT_ID: u8 = 61;
const FQDN: u8 = 81;
const RELAY_INFORMATION: u8 = 82;

pub(super) const CASES: &[Case] = &[
    case("lease time 600 asked for in DISCOVER and REQUEST", |s| {
        times(s, 600)
    }),
    case("lease time 0 asked for", |s| times(s, 0)),
    case("lease time for ever asked for", |s| times(s, u32::MAX)),
    case("router asked for before the mask (55 = 3, 1)", |s| {
        let message = s.message(DISCOVER);
        let message = Bootp::bare(s.mac, message.xid)
            .option(MESSAGE_TYPE, &[DISCOVER])
            .option(PARAMETERS, &[3, 1]);
        let replies = s.broadcast(&message)?;
        let order: Vec<u8> = replies
            .iter()
            .flat_map(|reply| reply.order.clone())
            .collect();
        let mask_or_router = |code: &&u8| matches!(code, 1 | 3);
        let order: Vec<String> = order
            .iter()
            .filter(mask_or_router)
            .map(u8::to_string)
            .collect();
        Ok(format!(
            "{}, {}",
            s.says(&replies, &[]),
            order.join(" before ")
        ))
    }),
    case("57 twice", |s| {
        discover(s, |m| {
            m.option(MAX_SIZE, &[5, 220]).option(MAX_SIZE, &[5, 220])
        })
    }),
    case("57 of one byte", |s| {
        discover(s, |m| m.option(MAX_SIZE, &[5]))
    }),
    case("57 of three bytes", |s| {
        discover(s, |m| m.option(MAX_SIZE, &[0, 5, 220]))
    }),
    case("57 = 0", |s| discover(s, |m| m.option(MAX_SIZE, &[0, 0]))),
    case("57 = 100, too small", |s| {
        discover(s, |m| m.option(MAX_SIZE, &[0, 100]))
    }),
    case("57 = 1500, beyond the link", |s| {
        discover(s, |m| m.option(MAX_SIZE, &[5, 220]))
    }),
    case("57 = 65535", |s| {
        discover(s, |m| m.option(MAX_SIZE, &[255, 255]))
    }),
    case("61 of no byte", |s| {
        discover(s, |m| m.option(CLIENT_ID, &[]))
    }),
    case("61 of one byte", |s| {
        discover(s, |m| m.option(CLIENT_ID, &[1]))
    }),
    case("61 of 255 bytes", |s| {
        discover(s, |m| m.option(CLIENT_ID, &[7; 255]))
    }),
    case("61 twice", |s| {
        discover(s, |m| {
            m.option(CLIENT_ID, &[0, 1, 2])
                .option(CLIENT_ID, &[0, 1, 2])
        })
    }),
    case("61 all zeros", |s| {
        discover(s, |m| m.option(CLIENT_ID, &[0; 7]))
    }),
    case("50 of three bytes", |s| {
        discover(s, |m| m.option(REQUESTED, &[10, 15, 3]))
    }),
    case("50 = 0.0.0.0", |s| {
        discover(s, |m| m.option(REQUESTED, &[0; 4]))
    }),
    case("50 twice, the first is free", |s| {
        let first = s.spare();
        let message = s.message(DISCOVER).address(REQUESTED, first);
        let replies = s.broadcast(&message.option(REQUESTED, &[10, 15, 3, 18]))?;
        Ok(s.says(&replies, &[(first, "the asked")]))
    }),
    case("51 of three bytes", |s| {
        discover(s, |m| m.option(LEASE_TIME, &[0, 1, 0]))
    }),
    case("51 twice", |s| {
        discover(s, |m| {
            m.option(LEASE_TIME, &[0, 0, 2, 88])
                .option(LEASE_TIME, &[0, 0, 3, 88])
        })
    }),
    case("53 twice", |s| {
        discover(s, |m| m.option(MESSAGE_TYPE, &[DISCOVER]))
    }),
    case("53 twice, of two kinds", |s| {
        discover(s, |m| m.option(MESSAGE_TYPE, &[REQUEST]))
    }),
    case("54 of five bytes in a DISCOVER", |s| {
        discover(s, |m| m.option(SERVER, &[1; 5]))
    }),
    case("54 names another server in a DISCOVER", |s| {
        discover(s, |m| m.option(SERVER, &[10, 15, 3, 2]))
    }),
    case("55 of no byte", |s| {
        discover(s, |m| m.option(PARAMETERS, &[]))
    }),
    case("55 twice", |s| {
        discover(s, |m| m.option(PARAMETERS, &[1, 3, 42]))
    }),
    case("55 asks for everything", |s| {
        let all: Vec<u8> = (1..=254).collect();
        discover(s, |m| m.option(PARAMETERS, &all))
    }),
    case("12 of no byte", |s| {
        discover(s, |m| m.option(HOST_NAME, &[]))
    }),
    case("12 = BUSY Bar", |s| named(s, b"BUSY Bar")),
    case("12 = Müllers-PC", |s| named(s, "Müllers-PC".as_bytes())),
    case("12 = vm-7", |s| named(s, b"vm-7")),
    case("12 of 255 bytes", |s| {
        discover(s, |m| m.option(HOST_NAME, &[b'a'; 255]))
    }),
    case("52 = 9, no overload that there is", |s| {
        discover(s, |m| m.option(OVERLOAD, &[9]))
    }),
    case("52 of two bytes", |s| {
        discover(s, |m| m.option(OVERLOAD, &[1, 1]))
    }),
    case("52 = 3, file and sname hold noise", |s| {
        let mut message = s.message(DISCOVER).option(OVERLOAD, &[3]);
        message.names = vec![0xc8; 192];
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("52 = 1, the message type stands in file", |s| {
        let message = s.message(DISCOVER);
        let mut message = Bootp::bare(s.mac, message.xid).option(OVERLOAD, &[1]);
        message.names[64..68].copy_from_slice(&[MESSAGE_TYPE, 1, DISCOVER, 255]);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("60 of no byte", |s| {
        discover(s, |m| m.option(VENDOR_CLASS, &[]))
    }),
    case("81 of one byte", |s| discover(s, |m| m.option(FQDN, &[0]))),
    case("82 from a client on the link", |s| {
        discover(s, |m| {
            m.option(RELAY_INFORMATION, &[1, 4, b'p', b'o', b'r', b't'])
        })
    }),
    case("82 of one byte", |s| {
        discover(s, |m| m.option(RELAY_INFORMATION, &[1]))
    }),
    case("an unknown option of 255 bytes", |s| {
        discover(s, |m| m.option(224, &[0xaa; 255]))
    }),
    case("no END", |s| {
        discover(s, |mut m| {
            m.tail.clear();
            m
        })
    }),
    case("an option runs past the end", |s| {
        discover(s, |mut m| {
            m.tail = vec![HOST_NAME, 200, b'x'];
            m
        })
    }),
    case("an option's length is cut off", |s| {
        discover(s, |mut m| {
            m.tail = vec![HOST_NAME];
            m
        })
    }),
    case("noise behind the END", |s| {
        discover(s, |mut m| {
            m.tail = vec![255, 51, 200, 1, 53];
            m
        })
    }),
    case("pads between the options", |s| {
        discover(s, |mut m| {
            m.options.extend([0; 40]);
            m.option(HOST_NAME, b"vm")
        })
    }),
    case("130 options", |s| {
        discover(s, |m| (0..130).fold(m, |m, _| m.option(224, &[1])))
    }),
];

fn discover(s: &mut Station<'_>, change: impl FnOnce(Bootp) -> Bootp) -> Result<String> {
    let message = change(s.message(DISCOVER));
    let replies = s.broadcast(&message)?;
    Ok(s.says(&replies, &[]))
}

/// The lease times of OFFER and ACK.
fn times(s: &mut Station<'_>, wish: u32) -> Result<String> {
    let wish = wish.to_be_bytes();
    let message = s.message(DISCOVER).option(LEASE_TIME, &wish);
    let replies = s.broadcast(&message)?;
    let offer = replies.iter().find(|reply| reply.is_offer());
    let offer = offer.context("no offer")?.clone();
    s.server_ip = offer.server_id.context("an offer without a server")?;
    let message = s.selecting(offer.yiaddr).option(LEASE_TIME, &wish);
    let replies = s.broadcast(&message)?;
    let Some(ack) = replies.iter().find(|reply| reply.is_ack()) else {
        return Ok(format!("OFFER, then {}", s.says(&replies, &[])));
    };
    let seconds = |reply: &Reply| {
        let seconds = reply.lease_seconds.map(|seconds| seconds.to_string());
        seconds.unwrap_or_else(|| "none".to_owned())
    };
    Ok(format!("{} s, {} s", seconds(&offer), seconds(ack)))
}

/// Whether the name comes back, and as what.
fn named(s: &mut Station<'_>, name: &[u8]) -> Result<String> {
    let message = s.message(DISCOVER);
    let message = Bootp::bare(s.mac, message.xid)
        .option(MESSAGE_TYPE, &[DISCOVER])
        .option(PARAMETERS, &[1, 3, 6, HOST_NAME])
        .option(HOST_NAME, name);
    let replies = s.broadcast(&message)?;
    let said = s.says(&replies, &[]);
    let sent: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let back = replies
        .iter()
        .find_map(|reply| reply.options.get(&HOST_NAME));
    Ok(match back {
        None => format!("{said}, no name"),
        Some(back) if *back == sent => format!("{said}, the same name"),
        Some(_) => format!("{said}, another name"),
    })
}
