//! What comes twice, late, to one server alone, or in pieces that contradict each other.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::{Case, case};
use crate::scenarios::oracles::station::{
    DECLINE, DISCOVER, RELEASE, REQUEST, REQUESTED, SERVER, Station,
};

pub(super) const CASES: &[Case] = &[
    case("DISCOVER twice", |s| {
        let first = s.offer()?;
        let message = s.message(DISCOVER);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(first, "the same")]))
    }),
    case("SELECTING us twice, one transaction", |s| {
        let offered = s.offer()?;
        let message = s.selecting(offered);
        s.broadcast(&message)?;
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(offered, "the same")]))
    }),
    case("RENEWING twice, one transaction", |s| {
        let own = s.lease()?;
        let message = s.message(REQUEST).from(own);
        s.unicast_from(own, &message)?;
        let replies = s.unicast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("DISCOVER after its RELEASE", |s| {
        let own = gives_up(s)?;
        let message = s.message(DISCOVER);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "its former")]))
    }),
    case("INIT-REBOOT after its RELEASE", |s| {
        let own = gives_up(s)?;
        let message = s.message(REQUEST).address(REQUESTED, own);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "its former")]))
    }),
    case("INIT-REBOOT, another's former lease", |s| {
        let mut other = s.neighbour()?;
        let former = gives_up(&mut other)?;
        let message = s.message(REQUEST).address(REQUESTED, former);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(former, "the asked")]))
    }),
    case("INIT-REBOOT after its DECLINE", |s| {
        let (own, server) = (s.lease()?, s.server_ip);
        let message = s.message(DECLINE).address(REQUESTED, own);
        s.broadcast(&message.address(SERVER, server))?;
        s.has_nothing();
        let message = s.message(REQUEST).address(REQUESTED, own);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "the declined")]))
    }),
    case("DISCOVER, unicast from its lease", |s| {
        let own = s.lease()?;
        let message = s.message(DISCOVER);
        let replies = s.unicast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("SELECTING us, unicast from 0.0.0.0", |s| {
        let offered = s.offer()?;
        let message = s.selecting(offered);
        let replies = s.unicast_from(Ipv4Addr::UNSPECIFIED, &message)?;
        Ok(s.says(&replies, &[(offered, "the offered")]))
    }),
    case("SELECTING us, what another was offered", |s| {
        let offered = s.neighbour()?.offer()?;
        let message = s.selecting(offered);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(offered, "the asked")]))
    }),
    case("INIT-REBOOT, own lease in 50 and in ciaddr", |s| {
        let own = s.lease()?;
        let message = s.message(REQUEST).address(REQUESTED, own).from(own);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("REBINDING, own lease, another address in 50", |s| {
        let (own, other) = (s.lease()?, s.spare());
        let message = s.message(REQUEST).address(REQUESTED, other).from(own);
        let replies = s.broadcast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its own"), (other, "the asked")]))
    }),
    case("REBINDING, own lease, names us (54)", |s| {
        let (own, server) = (s.lease()?, s.server_ip);
        let message = s.message(REQUEST).from(own).address(SERVER, server);
        let replies = s.broadcast_from(own, &message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("REBINDING, own lease, from 0.0.0.0", |s| {
        let own = s.lease()?;
        let message = s.message(REQUEST).from(own);
        let replies = s.broadcast(&message)?;
        Ok(s.says(&replies, &[(own, "its own")]))
    }),
    case("DECLINE that names no server", |s| {
        let own = s.lease()?;
        let message = s.message(DECLINE).address(REQUESTED, own);
        s.broadcast(&message)?;
        Ok(s.fate(own)?.to_owned())
    }),
    case("DECLINE, its address in ciaddr and not in 50", |s| {
        let (own, server) = (s.lease()?, s.server_ip);
        let message = s.message(DECLINE).from(own).address(SERVER, server);
        s.broadcast(&message)?;
        Ok(s.fate(own)?.to_owned())
    }),
    case("DECLINE of an offer", |s| {
        let (offered, server) = (s.offer()?, s.server_ip);
        let message = s.message(DECLINE).address(REQUESTED, offered);
        s.broadcast(&message.address(SERVER, server))?;
        let message = s.message(DISCOVER);
        let replies = s.broadcast(&message)?;
        Ok(format!(
            "then {}",
            s.says(&replies, &[(offered, "the declined")])
        ))
    }),
];

/// A lease that is released in the ordinary way; returns its address.
fn gives_up(s: &mut Station<'_>) -> Result<Ipv4Addr> {
    let (own, server) = (s.lease()?, s.server_ip);
    let message = s.message(RELEASE).from(own).address(SERVER, server);
    s.unicast_from(own, &message)?;
    s.fate(own)?;
    s.has_nothing();
    Ok(own)
}
