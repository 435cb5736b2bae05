//! Who a client is: its client identifier (option 61), its hardware address, or both (RFC 2131 §4.2, RFC 4361, RFC 6842).

use std::net::Ipv4Addr;

use anyhow::Result;

use super::{Case, case};
use crate::probe::Reply;
use crate::scenarios::oracles::station::{DISCOVER, REQUEST, REQUESTED, Station};
use crate::wire::Bootp;

const CLIENT_ID: u8 = 61;
/// Hardware type 1 and any six bytes.
const SIX: [u8; 7] = [1, 2, 0xdd, 0xff, 0, 0, 7];
/// RFC 4361: type 255, IAID, a DUID of type 4.
const DUID: [u8; 23] = [
    255, 0, 0, 0, 1, 0, 4, 0xc0, 0xff, 0xee, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
];

pub(super) const CASES: &[Case] = &[
    case("61 of a DUID (RFC 4361)", |s| echo(s, &DUID)),
    case("61 of type 1 and its hardware address", |s| {
        let [a, b, c, d, e, f] = s.mac.0;
        echo(s, &[1, a, b, c, d, e, f])
    }),
    case("61 of type 1 and another hardware address", |s| {
        echo(s, &SIX)
    }),
    case("61 of type 0 and text", |s| echo(s, b"\0vm-seven")),
    case("61 comes in the REQUEST only", |s| {
        let offered = s.offer()?;
        let message = s.selecting(offered).option(CLIENT_ID, b"\0comes-late");
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(offered, "the offered")]))
    }),
    case("61 is left out by a REQUEST in INIT-REBOOT", |s| {
        let own = lease_as(s, b"\0goes-away")?;
        let message = s.message(REQUEST).address(REQUESTED, own);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("61 changes, the hardware address stays", |s| {
        let own = lease_as(s, b"\0before")?;
        s.has_nothing();
        let message = s.message(DISCOVER).option(CLIENT_ID, b"\0after");
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("61 stays, the hardware address changes", |s| {
        let own = lease_as(s, b"\0cloned")?;
        s.has_nothing();
        let mut other = s.neighbour()?;
        let message = other.message(DISCOVER).option(CLIENT_ID, b"\0cloned");
        let replies = other.broadcast(&message)?;
        Ok(other.says(&replies, &[(own, "the other's")]))
    }),
    case("61 of its lease, its lease asked for by another", |s| {
        let own = lease_as(s, b"\0borrowed")?;
        let mut other = s.neighbour()?;
        let message = other.message(REQUEST).address(REQUESTED, own);
        let replies = other.broadcast(&message.option(CLIENT_ID, b"\0borrowed"))?;
        Ok(other.says(&replies, &[(own, "the other's")]))
    }),
];

/// Whether the identifier comes back.
fn echo(s: &mut Station<'_>, id: &[u8]) -> Result<String> {
    let message = s.message(DISCOVER).option(CLIENT_ID, id);
    let replies = s.broadcast(&message)?;
    let sent: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let back = |reply: &Reply| reply.options.get(&CLIENT_ID) == Some(&sent);
    let echoed = if replies.iter().any(back) {
        "61 echoed"
    } else {
        "61 not echoed"
    };
    Ok(format!("{}, {echoed}", s.says(&replies, &[])))
}

fn lease_as(s: &mut Station<'_>, id: &[u8]) -> Result<Ipv4Addr> {
    s.lease_with(|message: Bootp| message.option(CLIENT_ID, id))
}
