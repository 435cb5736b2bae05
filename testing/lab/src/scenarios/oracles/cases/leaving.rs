//! Who gives up an address, its own or another's (RFC 2131 §4.3.3, §4.3.4, §4.4.4), and who asks for parameters only.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::{Case, ELSEWHERE, OTHER_SERVER, OUTSIDE_POOL, case};
use crate::scenarios::oracles::station::{
    DECLINE, DISCOVER, INFORM, RELEASE, REQUEST, REQUESTED, SERVER, Station,
};
use crate::wire::Bootp;

/// More than anybody is believed of.
const DECLINES: usize = 6;

pub(super) const CASES: &[Case] = &[
    case("RELEASE, unicast", |s| {
        let (own, message) = leaving(s)?;
        s.unicast_from(own, &message)?;
        told(s, own)
    }),
    case("RELEASE, unicast, names no server", |s| {
        let own = s.lease()?;
        let message = s.message(RELEASE).from(own);
        s.unicast_from(own, &message)?;
        told(s, own)
    }),
    case("RELEASE, broadcast from 0.0.0.0", |s| {
        let (own, message) = leaving(s)?;
        s.broadcast(&message)?;
        told(s, own)
    }),
    case("RELEASE, broadcast from its address", |s| {
        let (own, message) = leaving(s)?;
        s.broadcast_from(own, &message)?;
        told(s, own)
    }),
    case("RELEASE, unicast from 0.0.0.0", |s| {
        let (own, message) = leaving(s)?;
        s.unicast_from(Ipv4Addr::UNSPECIFIED, &message)?;
        told(s, own)
    }),
    case("RELEASE from another address", |s| {
        let (own, message) = leaving(s)?;
        let other = s.spare();
        s.has(other);
        s.unicast_from(other, &message)?;
        told(s, own)
    }),
    case("RELEASE that names another server", |s| {
        let own = s.lease()?;
        let message = s.message(RELEASE).from(own).address(SERVER, OTHER_SERVER);
        s.broadcast_from(own, &message)?;
        told(s, own)
    }),
    case("RELEASE of another's lease", |s| {
        let taken = s.neighbour()?.lease()?;
        let server = s.server_ip;
        let message = s.message(RELEASE).from(taken).address(SERVER, server);
        s.unicast_from(taken, &message)?;
        told(s, taken)
    }),
    case(
        "RELEASE, broadcast from 0.0.0.0 in a neighbour's frame",
        |s| {
            let (own, message) = leaving(s)?;
            s.neighbour()?.broadcast(&message)?;
            told(s, own)
        },
    ),
    case("RELEASE, its address in 50 and not in ciaddr", |s| {
        let (own, server) = (s.lease()?, s.server_ip);
        let message = s.message(RELEASE).address(REQUESTED, own);
        s.unicast_from(own, &message.address(SERVER, server))?;
        told(s, own)
    }),
    case("RELEASE, and a copy of it after the next lease", |s| {
        let (own, message) = leaving(s)?;
        s.unicast_from(own, &message)?;
        let again = s.lease()?;
        s.unicast_from(own, &message)?;
        let same = if own == again { "the same" } else { "another" };
        Ok(format!("{same} address; {}", s.fate(again)?))
    }),
    case("DECLINE, broadcast", |s| {
        let (own, message) = declining(s)?;
        s.broadcast(&message)?;
        s.has_nothing();
        let discover = s.message(DISCOVER);
        let replies = s.broadcast(&discover)?;
        Ok(format!(
            "then {}",
            s.says(&replies, &[(own, "the declined")])
        ))
    }),
    case("DECLINE, unicast", |s| {
        let (own, message) = declining(s)?;
        s.unicast_from(own, &message)?;
        told(s, own)
    }),
    case("DECLINE of another's lease", |s| {
        let taken = s.neighbour()?.lease()?;
        let server = s.server_ip;
        let message = s.message(DECLINE).address(REQUESTED, taken);
        s.broadcast(&message.address(SERVER, server))?;
        told(s, taken)
    }),
    case("six addresses declined, one after the other", |s| {
        for _ in 0..DECLINES {
            let (_, message) = declining(s)?;
            s.broadcast(&message)?;
            s.has_nothing();
        }
        let mut newcomer = s.neighbour()?;
        let discover = newcomer.message(DISCOVER);
        let replies = newcomer.broadcast(&discover)?;
        Ok(format!("a newcomer gets {}", newcomer.says(&replies, &[])))
    }),
    case("INFORM, broadcast", |s| {
        let own = s.spare();
        s.has(own);
        let message = s.message(INFORM).from(own);
        let replies = s.broadcast_from(own, &message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("INFORM, unicast", |s| {
        let own = s.spare();
        s.has(own);
        let message = s.message(INFORM).from(own);
        let replies = s.unicast_from(own, &message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("INFORM, address outside the pool", |s| {
        s.has(OUTSIDE_POOL);
        let message = s.message(INFORM).from(OUTSIDE_POOL);
        let replies = s.broadcast_from(OUTSIDE_POOL, &message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("INFORM without ciaddr", |s| {
        let message = s.message(INFORM);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("INFORM, another network", |s| {
        s.has(ELSEWHERE);
        let message = s.message(INFORM).from(ELSEWHERE);
        let replies = s.broadcast_from(ELSEWHERE, &message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("RENEWING after its RELEASE", |s| {
        let (own, message) = leaving(s)?;
        s.unicast_from(own, &message)?;
        told(s, own)?;
        let message = s.message(REQUEST).from(own);
        let replies = s.unicast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its former")]))
    }),
];

fn leaving(s: &mut Station<'_>) -> Result<(Ipv4Addr, Bootp)> {
    let (own, server) = (s.lease()?, s.server_ip);
    Ok((own, s.message(RELEASE).from(own).address(SERVER, server)))
}

fn declining(s: &mut Station<'_>) -> Result<(Ipv4Addr, Bootp)> {
    let (own, server) = (s.lease()?, s.server_ip);
    let message = s.message(DECLINE).address(REQUESTED, own);
    Ok((own, message.address(SERVER, server)))
}

fn told(s: &Station<'_>, address: Ipv4Addr) -> Result<String> {
    Ok(s.fate(address)?.to_owned())
}
