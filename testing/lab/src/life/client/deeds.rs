//! What a client does of its own accord: it gives up, reboots, vanishes.

use std::net::Ipv4Addr;
use std::time::Duration;

use dhcproto::v4::{DhcpOption, MessageType};

use super::lease::Lease;
use super::messages::Outgoing;
use super::{Client, Phase};
use crate::life::event::{Event, Purpose};
use crate::life::habits::{Deed, Habits};

/// An address of a network that is not this one.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 77);

impl Client {
    pub(super) fn perform(&mut self, deed: Deed, lease: Lease, now: Duration, habits: &Habits) {
        match deed {
            Deed::Release | Deed::ReleaseForGood => self.release(lease, now),
            Deed::Decline => {
                self.lease = None;
                self.remembered = None;
                self.give_up(Purpose::Decline(lease.address), lease.server, now);
            }
            Deed::RebootAstray => {
                // With a lease of its own it is refused for that; without, for whose the address is.
                if self.rng.bool() {
                    self.release(lease, now);
                }
                self.remembered = Some(self.strange_address(lease.address));
            }
            Deed::Forge => return self.forge(lease, now, habits),
            Deed::Reboot | Deed::Vanish | Deed::VanishForGood => {}
        }
        match deed {
            Deed::ReleaseForGood | Deed::VanishForGood => self.phase = Phase::Gone,
            _ => {
                let reboot = matches!(deed, Deed::Reboot | Deed::RebootAstray);
                self.phase = Phase::Away { reboot };
                self.due = habits.return_at(now, &mut self.rng);
            }
        }
    }

    fn release(&mut self, lease: Lease, now: Duration) {
        self.lease = None;
        self.give_up(Purpose::Release(lease.address), lease.server, now);
    }

    /// Gives up what is not its own, keeps its own, and lives on.
    fn forge(&mut self, lease: Lease, now: Duration, habits: &Habits) {
        let next = neighbour(lease.address);
        let purpose = match self.rng.bool() {
            true => Purpose::Release(next),
            false => Purpose::Decline(next),
        };
        self.give_up(purpose, lease.server, now);
        self.deed = Some(habits.next_deed(now, &mut self.rng));
        self.sleep_until_renewal();
    }

    /// Most likely somebody else's address; or one of another network.
    fn strange_address(&mut self, own: Ipv4Addr) -> Ipv4Addr {
        match self.rng.bool() {
            true => neighbour(own),
            false => ELSEWHERE,
        }
    }

    /// RELEASE by unicast, as if from the address; DECLINE by broadcast (§4.4.4).
    fn give_up(&mut self, purpose: Purpose, server: Ipv4Addr, now: Duration) {
        self.xid = self.rng.u32(..);
        self.began = now;
        let (mut message, source, to) = match purpose {
            Purpose::Release(address) => {
                let mut message = self.message(MessageType::Release, now);
                message.set_ciaddr(address);
                (message, address, Some(server))
            }
            Purpose::Decline(address) => {
                let mut message = self.message(MessageType::Decline, now);
                let option = DhcpOption::RequestedIpAddress(address);
                message.opts_mut().insert(option);
                (message, Ipv4Addr::UNSPECIFIED, None)
            }
            Purpose::Acquire
            | Purpose::Renew(_)
            | Purpose::Rebind(_)
            | Purpose::Reboot(_)
            | Purpose::Confirm(..) => return,
        };
        let identifier = DhcpOption::ServerIdentifier(server);
        message.opts_mut().insert(identifier);
        self.events.push(Event::GaveUp { purpose, server });
        self.outbox.push(Outgoing {
            message,
            source,
            server: to,
            only: None,
        });
    }
}

/// The address next to `own`.
fn neighbour(own: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(own).wrapping_add(1))
}
