//! Who asks for an address, known or not, and of whom (RFC 2131 §4.3.2; issue points D.1, D.2).

use std::net::Ipv4Addr;

use anyhow::Result;

use super::{Case, ELSEWHERE, NETWORK, OTHER_SERVER, OUTSIDE_POOL, ROUTER, case};
use crate::scenarios::oracles::station::{DISCOVER, REQUEST, REQUESTED, SERVER, Station};

pub(super) const CASES: &[Case] = &[
    case("INIT-REBOOT, unknown, free address of the pool", |s| {
        with_spare(s, reboot)
    }),
    case("INIT-REBOOT, unknown, address outside the pool", |s| {
        reboot(s, OUTSIDE_POOL)
    }),
    case("INIT-REBOOT, unknown, the router's address", |s| {
        reboot(s, ROUTER)
    }),
    case("INIT-REBOOT, unknown, the network's address", |s| {
        reboot(s, NETWORK)
    }),
    case("INIT-REBOOT, unknown, another's lease", |s| {
        let taken = s.neighbour()?.lease()?;
        reboot(s, taken)
    }),
    case("INIT-REBOOT, unknown, another network", |s| {
        reboot(s, ELSEWHERE)
    }),
    case("REBINDING, unknown, free address of the pool", |s| {
        with_spare(s, rebind)
    }),
    case("REBINDING, unknown, address outside the pool", |s| {
        rebind(s, OUTSIDE_POOL)
    }),
    case("REBINDING, unknown, another's lease", |s| {
        let taken = s.neighbour()?.lease()?;
        rebind(s, taken)
    }),
    case("REBINDING, unknown, another network", |s| {
        rebind(s, ELSEWHERE)
    }),
    case("RENEWING, unknown, free address of the pool", |s| {
        with_spare(s, renew)
    }),
    case("RENEWING, unknown, address outside the pool", |s| {
        renew(s, OUTSIDE_POOL)
    }),
    case("RENEWING, unknown, another's lease", |s| {
        let taken = s.neighbour()?.lease()?;
        renew(s, taken)
    }),
    case("INIT-REBOOT, own lease", |s| {
        let own = s.lease()?;
        reboot(s, own)
    }),
    case("INIT-REBOOT, has a lease, asks for a free address", |s| {
        s.lease()?;
        s.has_nothing();
        with_spare(s, reboot)
    }),
    case("INIT-REBOOT, has a lease, another network", |s| {
        s.lease()?;
        s.has_nothing();
        reboot(s, ELSEWHERE)
    }),
    case("REBINDING, own lease", |s| {
        let own = s.lease()?;
        rebind(s, own)
    }),
    case("RENEWING, own lease", |s| {
        let own = s.lease()?;
        renew(s, own)
    }),
    case("RENEWING, own lease, names us (54)", |s| {
        let own = s.lease()?;
        let server = s.server_ip;
        let message = s.message(REQUEST).from(own).address(SERVER, server);
        let replies = s.unicast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("RENEWING, own lease, from its other address", |s| {
        let own = s.lease()?;
        let other = s.spare();
        s.has(other);
        let message = s.message(REQUEST).from(own);
        let replies = s.unicast_from(other, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("RENEWING, has a lease, names another's", |s| {
        let taken = s.neighbour()?.lease()?;
        s.lease()?;
        renew(s, taken)
    }),
    case("SELECTING us, what was offered", |s| {
        let offered = s.offer()?;
        select(s, offered)
    }),
    case("SELECTING us without an OFFER, free address", |s| {
        with_spare(s, select)
    }),
    case(
        "SELECTING us without an OFFER, a fixed host is on it",
        |s| {
            let fixed = s.spare();
            s.fixed_host(fixed);
            select(s, fixed)
        },
    ),
    case("SELECTING us without an OFFER, another's lease", |s| {
        let taken = s.neighbour()?.lease()?;
        select(s, taken)
    }),
    case("SELECTING us, address outside the pool", |s| {
        select(s, OUTSIDE_POOL)
    }),
    case("SELECTING us, another network", |s| select(s, ELSEWHERE)),
    case("SELECTING another server", |s| {
        let offered = s.offer()?;
        let message = s.message(REQUEST).address(REQUESTED, offered);
        let replies = s.broadcast(&message.address(SERVER, OTHER_SERVER))?;
        Ok(s.says(&replies, &[(offered, "the asked")]))
    }),
    case("SELECTING another server, has a lease here", |s| {
        let own = s.lease()?;
        s.has_nothing();
        let message = s.message(REQUEST).address(REQUESTED, OUTSIDE_POOL);
        let replies = s.broadcast(&message.address(SERVER, OTHER_SERVER))?;
        let said = s.says(&replies, &[(OUTSIDE_POOL, "the asked")]);
        Ok(format!("{said}; {}", s.fate(own)?))
    }),
    case("REQUEST that names no address", |s| {
        let message = s.message(REQUEST);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("DISCOVER", |s| {
        let message = s.message(DISCOVER);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("DISCOVER again, has a lease", |s| {
        let own = s.lease()?;
        let message = s.message(DISCOVER);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("DISCOVER, asks for a free address (50)", |s| {
        with_spare(s, discover)
    }),
    case("DISCOVER, asks for an address outside the pool", |s| {
        discover(s, OUTSIDE_POOL)
    }),
    case("DISCOVER, asks for another's lease", |s| {
        let taken = s.neighbour()?.lease()?;
        discover(s, taken)
    }),
    case("DISCOVER, old address in ciaddr", |s| {
        let old = s.spare();
        let message = s.message(DISCOVER).from(old);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[]))
    }),
    case("DISCOVER, old address in ciaddr and 50", |s| {
        let old = s.spare();
        let message = s.message(DISCOVER).from(old).address(REQUESTED, old);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(old, "the asked")]))
    }),
    case("SELECTING us, old address in ciaddr", |s| {
        let (offered, old) = (s.offer()?, s.spare());
        let message = s.selecting(offered).from(old);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(offered, "the asked")]))
    }),
];

fn with_spare(
    s: &mut Station<'_>,
    ask: fn(&mut Station<'_>, Ipv4Addr) -> Result<String>,
) -> Result<String> {
    let free = s.spare();
    ask(s, free)
}

fn discover(s: &mut Station<'_>, address: Ipv4Addr) -> Result<String> {
    let message = s.message(DISCOVER).address(REQUESTED, address);
    let replies = s.broadcast(&message)?;
    Ok(s.says(&replies, &[(address, "the asked")]))
}

fn reboot(s: &mut Station<'_>, address: Ipv4Addr) -> Result<String> {
    let message = s.message(REQUEST).address(REQUESTED, address);
    let replies = s.broadcast(&message)?;
    Ok(s.says(&replies, &[(address, "the asked")]))
}

fn rebind(s: &mut Station<'_>, address: Ipv4Addr) -> Result<String> {
    s.has(address);
    let message = s.message(REQUEST).from(address);
    let replies = s.broadcast_from(address, &message)?;
    Ok(s.says(&replies, &[(address, "the asked")]))
}

fn renew(s: &mut Station<'_>, address: Ipv4Addr) -> Result<String> {
    s.has(address);
    let message = s.message(REQUEST).from(address);
    let replies = s.unicast_from(address, &message)?;
    Ok(s.says(&replies, &[(address, "the asked")]))
}

fn select(s: &mut Station<'_>, address: Ipv4Addr) -> Result<String> {
    let message = s.selecting(address);
    let replies = s.broadcast(&message)?;
    Ok(s.says(&replies, &[(address, "the asked")]))
}
