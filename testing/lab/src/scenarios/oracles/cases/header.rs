//! Odd fixed fields (RFC 2131 §2), BOOTP, and what is no message at all.

use anyhow::Result;

use super::{Case, case};
use crate::scenarios::oracles::station::{DISCOVER, Station};
use crate::wire::{Bootp, bootp};

pub(super) const CASES: &[Case] = &[
    case("broadcast flag", |s| {
        discover(s, |m| m.flags = bootp::BROADCAST)
    }),
    case("reserved flags", |s| discover(s, |m| m.flags = 0x7fff)),
    case("BOOTP, no 53", |s| {
        let message = s.message(DISCOVER);
        let message = Bootp::bare(s.mac, message.xid);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("BOOTP, no cookie", |s| discover(s, |m| m.cookie = [0; 4])),
    case("hlen 0", |s| discover(s, |m| m.hlen = 0)),
    case("hlen 16", |s| discover(s, |m| m.hlen = 16)),
    case("hlen 255", |s| discover(s, |m| m.hlen = 255)),
    case("chaddr all zeros", |s| discover(s, |m| m.chaddr = [0; 16])),
    case("chaddr of a group", |s| discover(s, |m| m.chaddr[0] |= 1)),
    case("htype 6 (IEEE 802)", |s| discover(s, |m| m.htype = 6)),
    case("htype 0", |s| discover(s, |m| m.htype = 0)),
    case("hops 3", |s| discover(s, |m| m.hops = 3)),
    case("hops 255", |s| discover(s, |m| m.hops = 255)),
    case("secs 65535", |s| discover(s, |m| m.secs = 65535)),
    case("op 2, a server's", |s| discover(s, |m| m.op = 2)),
    case("op 99", |s| discover(s, |m| m.op = 99)),
    case("message type 250", |s| discover(s, |m| m.options[2] = 250)),
    case("message type OFFER", |s| discover(s, |m| m.options[2] = 2)),
    case("message type FORCERENEW", |s| {
        discover(s, |m| m.options[2] = 9)
    }),
    case("message type LEASEQUERY", |s| {
        discover(s, |m| m.options[2] = 10)
    }),
    case("no options at all", |s| {
        discover(s, |m| {
            m.options.clear();
            m.tail.clear();
        })
    }),
    case("padded to 1400 bytes", |s| {
        discover(s, |m| m.tail.resize(1100, 0))
    }),
    case("xid 0", |s| discover(s, |m| m.xid = 0)),
];

fn discover(s: &mut Station<'_>, change: impl FnOnce(&mut Bootp)) -> Result<String> {
    let mut message = s.message(DISCOVER);
    change(&mut message);
    let replies = s.broadcast(&message)?;
    Ok(s.says(&replies, &[]))
}
