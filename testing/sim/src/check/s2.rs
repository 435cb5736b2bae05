//! S2, durable before visible: no DHCPACK leaves before its grant is committed and applied, and after
//! whatever crash every acknowledged grant is still there.

use super::facts::{Answer, End, Step};
use super::states::{bound_to, describe, lease};
use super::violation::{Verdict, Violation};
use crate::client::{Event, ReplyKind, TrueTime, What};
use ipam::{ClientKey, HardwareAddress, LogPosition};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What was committed and what was acknowledged.
#[derive(Clone, Debug, Default)]
pub(super) struct S2 {
    /// When the cluster's state last had this address bound to this hardware address.
    bound: BTreeMap<(Ipv4Addr, HardwareAddress), TrueTime>,
    /// Until when a client was promised an address.
    promised: BTreeMap<(Ipv4Addr, ClientKey), TrueTime>,
}

impl S2 {
    pub(super) fn client(&mut self, event: &Event) {
        let client = event.client.clone();
        match event.what {
            What::Bound { address, until, .. } => {
                self.promised.insert((address, client), until);
            }
            What::Released(address) | What::Declined(address) => {
                self.promised.remove(&(address, client));
            }
            _ => {}
        }
    }

    /// A DHCPACK says no more than what its node has applied.
    pub(super) fn replied(&self, answer: &Answer<'_>) -> Verdict {
        let reply = answer.reply;
        let (ReplyKind::Ack, Some(address), Some(_)) =
            (reply.kind, reply.address, reply.lease_time)
        else {
            return Ok(());
        };
        let hardware = &reply.of;
        let record = lease(answer.sent.state, address);
        let is_granted =
            bound_to(record).is_some() && record.is_some_and(|lease| lease.hardware == *hardware);
        // It may have ended between the grant and the reply.
        let last = self.bound.get(&(address, hardware.clone())).copied();
        let was_granted = last.is_some_and(|last| answer.heard.is_some_and(|heard| last >= heard));
        if !answer.advanced {
            return Err(Violation::new(
                "S2",
                answer.sent.at,
                format!("{hardware} was told that {address} is its own"),
                [
                    format!("node {} sent it a DHCPACK", answer.sent.node),
                    "that node has applied nothing since it heard the request".to_owned(),
                ],
            ));
        }
        if is_granted || was_granted {
            return Ok(());
        }
        Err(Violation::new(
            "S2",
            answer.sent.at,
            format!("{hardware} was told that {address} is its own"),
            [
                format!("node {} sent it a DHCPACK", answer.sent.node),
                format!("that node has applied {} there", describe(record)),
            ],
        ))
    }

    /// No acknowledged grant vanishes.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Verdict {
        for change in &step.changes {
            for record in [change.before, change.after].into_iter().flatten() {
                if bound_to(Some(record)).is_some() {
                    let key = (change.address, record.hardware.clone());
                    self.bound.insert(key, step.at);
                }
            }
            let (Some(client), None) = (change.ended(), change.after) else {
                continue;
            };
            self.check_kept(step, change.address, client)?;
        }
        Ok(())
    }

    fn check_kept(&self, step: &Step<'_>, address: Ipv4Addr, client: &ClientKey) -> Verdict {
        let promised = self.promised.get(&(address, client.clone()));
        match promised.filter(|until| **until > step.at) {
            Some(until) => Err(Violation::new(
                "S2",
                step.at,
                format!("the grant of {address} to {client} is gone"),
                [
                    format!("it was acknowledged until {until}"),
                    format!("after entry {} nothing is known of it", step.position.index),
                ],
            )),
            None => Ok(()),
        }
    }

    /// The newest committed entry that anybody applied is still there.
    pub(super) fn finish(at: TrueTime, newest: LogPosition, ends: &[End<'_>]) -> Verdict {
        let kept = ends.iter().map(|end| end.position.index).max();
        if kept.is_none_or(|kept| kept >= newest.index) {
            return Ok(());
        }
        Err(Violation::new(
            "S2",
            at,
            "committed entries are lost",
            [
                format!("entry {} was applied by some node", newest.index),
                format!("the newest that any node has now is {}", kept.unwrap_or(0)),
            ],
        ))
    }
}
