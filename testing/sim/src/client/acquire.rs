//! The way to an address: INIT, SELECTING, REQUESTING, INIT-REBOOT (RFC 2131 §3.1, §3.2, §4.4.1).

use super::machine::{Client, Lease, Offer, State};
use super::{Action, MessageKind, Oddities, Reply, What};
use std::net::Ipv4Addr;
use std::time::Duration;

/// Copies of a DHCPDISCOVER before it pauses.
const DISCOVER_COPIES: u32 = 5;
/// Copies of a DHCPREQUEST before it starts over (§3.1.5 names four).
const REQUEST_COPIES: u32 = 4;
/// How long it waits for more offers.
const OFFERS_WAIT: Duration = Duration::from_secs(1);
/// How long an ARP check takes at most.
const CHECK_WAIT: Duration = Duration::from_secs(1);
/// RFC 2131 §3.1.5: at least ten seconds after a DHCPDECLINE.
const DECLINE_PAUSE: Duration = Duration::from_secs(10);

impl Client {
    /// INIT: the first DHCPDISCOVER.
    pub(super) fn discover(&mut self) {
        self.began = self.local();
        self.tell(What::Began);
        self.new_exchange();
        self.send_discover();
    }

    fn send_discover(&mut self) {
        let message = self.message(MessageKind::Discover);
        let message = match self.remembered {
            Some(address) if self.habits.oddities.old_in_ciaddr => {
                message.requested(address).ciaddr(address)
            }
            Some(address) => message.requested(address),
            None => message,
        };
        self.send(Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED, &message);
        self.state = State::Selecting { offers: Vec::new() };
        self.wake = self.local() + self.backoff();
    }

    pub(super) fn on_offer(&mut self, reply: &Reply) {
        let (Some(address), server) = (reply.address, reply.server) else {
            return;
        };
        let State::Selecting { offers } = &mut self.state else {
            return;
        };
        let is_first = offers.is_empty();
        offers.push(Offer { address, server });
        self.tell(What::Offered { address, server });
        if self.habits.takes_first_offer {
            self.take(Offer { address, server });
        } else if is_first {
            self.wake = self.local() + OFFERS_WAIT;
        }
    }

    /// SELECTING, and the time is up: one of the offers, or another DHCPDISCOVER.
    pub(super) fn select(&mut self, offers: &[Offer]) {
        let had = offers
            .iter()
            .find(|offer| Some(offer.address) == self.remembered);
        let chosen = had.copied().or_else(|| self.rng.choice(offers).copied());
        match chosen {
            Some(offer) => self.take(offer),
            None if self.exchange.copies < DISCOVER_COPIES => self.send_discover(),
            None => {
                self.tell(What::GaveUp);
                self.begin_anew(Duration::from_secs(10), Duration::from_secs(60));
            }
        }
    }

    fn take(&mut self, offer: Offer) {
        self.new_exchange();
        self.send_request(offer);
    }

    fn send_request(&mut self, offer: Offer) {
        let message = self.message(MessageKind::Request);
        let message = message.requested(offer.address).server(offer.server);
        self.send(Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED, &message);
        self.state = State::Requesting(offer);
        self.wake = self.local() + self.backoff();
    }

    pub(super) fn request_again(&mut self, offer: Offer) {
        if self.exchange.copies < REQUEST_COPIES {
            self.send_request(offer);
        } else {
            self.start_over();
        }
    }

    /// INIT-REBOOT: it remembers an address.
    pub(super) fn reboot(&mut self, address: Ipv4Addr) {
        self.began = self.local();
        self.tell(What::Began);
        self.new_exchange();
        self.send_reboot(address);
    }

    fn send_reboot(&mut self, address: Ipv4Addr) {
        let message = self.message(MessageKind::Request).requested(address);
        self.send(Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED, &message);
        self.state = State::Rebooting(address);
        self.wake = self.local() + self.backoff();
    }

    pub(super) fn reboot_again(&mut self, address: Ipv4Addr) {
        if self.exchange.copies < REQUEST_COPIES {
            self.send_reboot(address);
        } else {
            self.start_over();
        }
    }

    fn start_over(&mut self) {
        self.tell(What::GaveUp);
        self.begin_anew(Duration::from_secs(1), Duration::from_secs(5));
    }

    pub(super) fn on_ack(&mut self, reply: &Reply) {
        let (Some(address), Some(lease_time)) = (reply.address, reply.lease_time) else {
            return;
        };
        let is_expected = match self.state {
            State::Requesting(offer) => offer.server == reply.server && offer.address == address,
            State::Rebooting(asked) => asked == address,
            State::Renewing | State::Rebinding => {
                self.lease.is_some_and(|lease| lease.address == address)
            }
            _ => false,
        };
        if !is_expected {
            return;
        }
        let was_new = self.uses().is_none();
        let lease = self.lease_from(reply, address, lease_time);
        if was_new && self.habits.oddities.declines > 0 {
            self.habits.oddities.declines -= 1;
            self.decline(lease);
        } else if was_new && self.habits.checks_by_arp {
            self.state = State::Checking;
            self.wake = self.local() + CHECK_WAIT;
            self.actions.push(Action::Probe(address));
        } else {
            self.settle_in(lease);
        }
    }

    /// Counts the lease, by its own clock, from when the DHCPREQUEST was sent (§4.4.1).
    fn lease_from(&mut self, reply: &Reply, address: Ipv4Addr, lease_time: Duration) -> Lease {
        let requested = if self.habits.counts_from_last_copy {
            self.exchange.last_sent
        } else {
            self.exchange.first_sent
        };
        let from = self.clock.local(requested);
        let lease = Lease {
            address,
            server: reply.server,
            renews: from + reply.renewal.unwrap_or(lease_time / 2),
            rebinds: from + reply.rebinding.unwrap_or(lease_time * 7 / 8),
            ends: from + lease_time,
        };
        self.lease = Some(lease);
        self.remembered = Some(address);
        self.tell(What::Bound {
            address,
            server: reply.server,
            requested,
            lease_time,
            until: self.clock.true_time(lease.ends),
        });
        lease
    }

    /// BOUND.
    pub(super) fn settle_in(&mut self, lease: Lease) {
        let was_new = self.uses().is_none();
        self.state = State::Bound;
        self.wake = lease.renews;
        if was_new {
            self.plan_life(lease);
        }
    }

    /// §4.4.1: somebody else is on the address.
    pub(super) fn decline(&mut self, lease: Lease) {
        self.new_exchange();
        let message = self.message(MessageKind::Decline);
        let message = message.requested(lease.address).server(lease.server);
        self.send(Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED, &message);
        self.tell(What::Declined(lease.address));
        self.lease = None;
        self.remembered = None;
        if self.habits.oddities.declines > 0 {
            return self.begin_anew(Oddities::DECLINE_PAUSE, Oddities::DECLINE_PAUSE);
        }
        self.begin_anew(DECLINE_PAUSE, DECLINE_PAUSE * 2);
    }
}
