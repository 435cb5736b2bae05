//! What comes by a relay that the operator has named, by one that he has not, and by a client that says
//! it is one (RFC 1542, RFC 3046).

use std::net::Ipv4Addr;

use anyhow::Result;

use super::{Case, ELSEWHERE, case};
use crate::scenarios::oracles::RELAY;
use crate::scenarios::oracles::station::{
    DECLINE, DISCOVER, INFORM, RELEASE, REQUEST, REQUESTED, SERVER, Station,
};
use crate::wire::bootp;

const UNNAMED: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 6);
const RELAY_INFORMATION: u8 = 82;
/// Circuit id `port`.
const PORT: [u8; 6] = [1, 4, b'p', b'o', b'r', b't'];

pub(super) const CASES: &[Case] = &[
    case("relayed DISCOVER", |s| discover(s, RELAY)),
    case("relayed DISCOVER, relay not named", |s| {
        discover(s, UNNAMED)
    }),
    case("relayed DISCOVER, a client's address as giaddr", |s| {
        let own = s.lease()?;
        let message = s.message(DISCOVER).relayed(own);
        let replies = s.unicast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("relayed DISCOVER, giaddr of another network", |s| {
        discover(s, ELSEWHERE)
    }),
    case("relayed DISCOVER, giaddr 255.255.255.255", |s| {
        s.has(RELAY);
        let message = s.message(DISCOVER).relayed(Ipv4Addr::BROADCAST);
        let replies = s.unicast_from(RELAY, &message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("relayed DISCOVER with 82", |s| {
        s.has(RELAY);
        let message = s
            .message(DISCOVER)
            .relayed(RELAY)
            .option(RELAY_INFORMATION, &PORT);
        let replies = s.unicast_from(RELAY, &message)?;
        let is_echoed = replies.iter().all(|reply| {
            reply
                .options
                .get(&RELAY_INFORMATION)
                .is_some_and(|value| value == "0104706f7274")
        });
        let said = s.says(&replies, &[]);
        Ok(format!(
            "{said}, 82 {}",
            if is_echoed { "echoed" } else { "not echoed" }
        ))
    }),
    case("relayed REQUEST without an OFFER, unknown", |s| {
        s.has(RELAY);
        let asked = s.spare();
        let message = s.message(REQUEST).address(REQUESTED, asked).relayed(RELAY);
        let replies = s.unicast_from(RELAY, &message)?;
        Ok(s.says(&replies, &[(asked, "the asked")]))
    }),
    case(
        "relayed REQUEST from 0.0.0.0 by broadcast, relay not named",
        |s| {
            let asked = s.spare();
            let server = s.server_ip;
            let message = s
                .message(REQUEST)
                .address(REQUESTED, asked)
                .address(SERVER, server);
            let replies = s.broadcast(&message.relayed(UNNAMED))?;
            Ok(s.says(&replies, &[(asked, "the asked")]))
        },
    ),
    case("relayed REQUEST, the whole exchange", |s| {
        s.has(RELAY);
        let message = s.message(DISCOVER).relayed(RELAY);
        let replies = s.unicast_from(RELAY, &message)?;
        let Some(offer) = replies.iter().find(|reply| reply.is_offer()) else {
            return Ok(s.says(&replies, &[]));
        };
        let offered = offer.yiaddr;
        let message = s.selecting(offered).relayed(RELAY);
        let replies = s.unicast_from(RELAY, &message)?;
        Ok(s.says(&replies, &[(offered, "the asked")]))
    }),
    case("relayed INIT-REBOOT, unknown, another network", |s| {
        s.has(RELAY);
        let message = s.message(REQUEST).address(REQUESTED, ELSEWHERE);
        let replies = s.unicast_from(RELAY, &message.relayed(RELAY))?;
        Ok(s.says(&replies, &[]))
    }),
    case("relayed REBINDING, own lease", |s| {
        let own = s.lease()?;
        s.has(RELAY);
        let message = s.message(REQUEST).from(own).relayed(RELAY);
        let replies = s.unicast_from(RELAY, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("relayed INFORM", |s| {
        let own = s.spare();
        s.has(own);
        s.has(RELAY);
        let message = s.message(INFORM).from(own).relayed(RELAY);
        let replies = s.unicast_from(RELAY, &message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("relayed DISCOVER, broadcast flag", |s| {
        s.has(RELAY);
        let mut message = s.message(DISCOVER).relayed(RELAY);
        message.flags = bootp::BROADCAST;
        let replies = s.unicast_from(RELAY, &message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("relayed DISCOVER, 82 cut off in a suboption", |s| {
        with_82(s, &[1, 9, b'p'])
    }),
    case(
        "relayed DISCOVER, 82 selects this link (suboption 5)",
        |s| with_82(s, &[5, 4, 10, 15, 3, 0]),
    ),
    case("relayed DISCOVER, 82 selects another link", |s| {
        with_82(s, &[5, 4, 192, 168, 1, 0])
    }),
    case("relayed DISCOVER, 82 of no byte", |s| with_82(s, &[])),
    case("relayed RELEASE of a lease", |s| {
        let (own, server) = (s.lease()?, s.server_ip);
        s.has_nothing();
        s.has(RELAY);
        let message = s
            .message(RELEASE)
            .from(own)
            .address(SERVER, server)
            .relayed(RELAY);
        s.unicast_from(RELAY, &message)?;
        Ok(s.fate(own)?.to_owned())
    }),
    case("relayed DECLINE of a lease, relay not named", |s| {
        let (own, server) = (s.lease()?, s.server_ip);
        let message = s
            .message(DECLINE)
            .address(REQUESTED, own)
            .address(SERVER, server);
        s.unicast_from(UNNAMED, &message.relayed(UNNAMED))?;
        Ok(s.fate(own)?.to_owned())
    }),
];

fn with_82(s: &mut Station<'_>, information: &[u8]) -> Result<String> {
    s.has(RELAY);
    let message = s.message(DISCOVER).relayed(RELAY);
    let replies = s.unicast_from(RELAY, &message.option(RELAY_INFORMATION, information))?;
    Ok(s.says(&replies, &[]))
}

fn discover(s: &mut Station<'_>, relay: Ipv4Addr) -> Result<String> {
    s.has(relay);
    let message = s.message(DISCOVER).relayed(relay);
    let replies = s.unicast_from(relay, &message)?;
    Ok(s.says(&replies, &[]))
}
