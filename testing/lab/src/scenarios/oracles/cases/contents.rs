//! What stands in an answer: its options, its fixed fields, its size (RFC 2131 table 3, RFC 2132).

use anyhow::Result;

use super::{Case, ELSEWHERE, case};
use crate::probe::Reply;
use crate::scenarios::oracles::station::{DISCOVER, INFORM, REQUEST, REQUESTED, Station};
use crate::wire::{Bootp, bootp};

const MESSAGE_TYPE: u8 = 53;
const PARAMETERS: u8 = 55;
const SUBNET_SELECTION: u8 = 118;
const RAPID_COMMIT: u8 = 80;
const AUTO_CONFIGURE: u8 = 116;
const IPV6_ONLY: u8 = 108;

pub(super) const CASES: &[Case] = &[
    case("options of an OFFER", |s| {
        let message = s.message(DISCOVER);
        answered(s, &message)
    }),
    case("options of an OFFER, no 55", |s| {
        let message = s.message(DISCOVER);
        let message = Bootp::bare(s.mac, message.xid).option(MESSAGE_TYPE, &[DISCOVER]);
        answered(s, &message)
    }),
    case("options of an OFFER, 55 = 1", |s| {
        let message = s.message(DISCOVER);
        let message = Bootp::bare(s.mac, message.xid)
            .option(MESSAGE_TYPE, &[DISCOVER])
            .option(PARAMETERS, &[1]);
        answered(s, &message)
    }),
    case("options of an OFFER, 55 = 28, 26, 119, 121, 252", |s| {
        let message = s.message(DISCOVER);
        let message = Bootp::bare(s.mac, message.xid)
            .option(MESSAGE_TYPE, &[DISCOVER])
            .option(PARAMETERS, &[28, 26, 119, 121, 252]);
        answered(s, &message)
    }),
    case("options of an ACK, SELECTING", |s| {
        let offered = s.offer()?;
        let message = s.selecting(offered);
        answered(s, &message)
    }),
    case("options of an ACK, RENEWING", |s| {
        let own = s.lease()?;
        let message = s.message(REQUEST).from(own);
        let replies = s.unicast_from(own, &message)?;
        Ok(options(&replies))
    }),
    case("options of an ACK to an INFORM", |s| {
        let own = s.spare();
        s.has(own);
        let message = s.message(INFORM).from(own);
        let replies = s.broadcast_from(own, &message)?;
        Ok(options(&replies))
    }),
    case("options of a NAK", |s| {
        s.lease()?;
        s.has_nothing();
        let message = s.message(REQUEST).address(REQUESTED, ELSEWHERE);
        answered(s, &message)
    }),
    case("broadcast flag and ciaddr of a renewal", |s| {
        let own = s.lease()?;
        let mut message = s.message(REQUEST).from(own);
        message.flags = bootp::BROADCAST;
        let replies = s.unicast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("broadcast flag in the answer", |s| {
        let mut message = s.message(DISCOVER);
        message.flags = bootp::BROADCAST;
        let replies = s.broadcast(&message)?;
        let set = replies.iter().any(|reply| reply.broadcast_flag);
        let said = s.says(&replies, &[]);
        Ok(format!(
            "{said}, flag {}",
            if set { "set" } else { "not set" }
        ))
    }),
    case("rapid commit (80)", |s| {
        asks(s, |m| m.option(RAPID_COMMIT, &[]))
    }),
    case("auto-configure (116)", |s| {
        asks(s, |m| m.option(AUTO_CONFIGURE, &[1]))
    }),
    case("subnet selection (118), this network", |s| {
        let message = s.message(DISCOVER);
        let replies = s.broadcast(&message.option(SUBNET_SELECTION, &[10, 15, 3, 0]))?;
        let echoed = |reply: &Reply| reply.options.contains_key(&SUBNET_SELECTION);
        let echoed = if replies.iter().any(echoed) {
            "118 echoed"
        } else {
            "118 not echoed"
        };
        Ok(format!("{}, {echoed}", s.says(&replies, &[])))
    }),
    case("subnet selection (118), another network", |s| {
        asks(s, |m| m.option(SUBNET_SELECTION, &[192, 168, 1, 0]))
    }),
    case("IPv6-only preferred asked for (108 in 55)", |s| {
        asks(s, |m| m.option(PARAMETERS, &[IPV6_ONLY]))
    }),
];

fn asks(s: &mut Station<'_>, change: impl FnOnce(Bootp) -> Bootp) -> Result<String> {
    let message = change(s.message(DISCOVER));
    let replies = s.broadcast(&message)?;
    Ok(s.says(&replies, &[]))
}

fn answered(s: &mut Station<'_>, message: &Bootp) -> Result<String> {
    let replies = s.broadcast(message)?;
    Ok(options(&replies))
}

/// The numbers of the options, in numerical order.
fn options(replies: &[Reply]) -> String {
    let Some(reply) = replies.first() else {
        return "silent".to_owned();
    };
    let numbers: Vec<_> = reply.options.keys().map(u8::to_string).collect();
    format!("{} with {}", reply.message_type, numbers.join(", "))
}
