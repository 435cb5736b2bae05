//! What a client's owner does with it: release, switch off, move, forget.

use super::machine::{Client, Lease, State};
use super::{Action, LocalTime, MessageKind, Oddities, ReleaseForm, Temper, What};
use std::time::Duration;

/// Between giving an address back and asking again. A datagram must not live longer on the link:
/// a RELEASE that overtakes nothing but is itself overtaken would end what came after it, and no
/// server can tell (RFC 2131 has no number in it).
const RELEASE_PAUSE: Duration = Duration::from_secs(3);
const SECOND: Duration = Duration::from_secs(1);

impl Client {
    /// Decides when something happens next.
    pub(super) fn plan_life(&mut self, lease: Lease) {
        let rest = lease.ends.since(self.local());
        let (least, most) = match self.habits.temper {
            Temper::Steady => (rest, rest * 6),
            Temper::Churning => (SECOND, rest / 4),
            Temper::Sleeper | Temper::Forgetful => (SECOND, rest * 2),
            Temper::Mover => (SECOND, rest),
        };
        self.life = self.local() + self.between(least, most.max(least));
    }

    /// It happens.
    pub(super) fn live(&mut self) {
        let Some(lease) = self.lease else {
            return;
        };
        let rest = lease.ends.since(self.local());
        match self.habits.temper {
            Temper::Churning => self.release(lease),
            Temper::Mover => {
                let to = self.rng.u32(..);
                self.actions.push(Action::Move(to));
                self.switch_off(SECOND, 10 * SECOND);
            }
            Temper::Sleeper => self.switch_off(rest, rest * 3 + 60 * SECOND),
            Temper::Forgetful => {
                self.remembered = None;
                self.switch_off(SECOND, 30 * SECOND);
            }
            Temper::Steady if self.rng.bool() => self.inform(lease),
            Temper::Steady => self.switch_off(SECOND, 30 * SECOND),
        }
    }

    fn release(&mut self, lease: Lease) {
        self.new_exchange();
        let message = self.message(MessageKind::Release);
        let message = message.ciaddr(lease.address);
        let odd = self.habits.oddities;
        let message = match odd.release {
            ReleaseForm::Nameless => message,
            _ => message.server(lease.server),
        };
        let (to, from) = odd.release_way(lease.server, lease.address);
        self.send(to, from, &message);
        self.tell(What::Released(lease.address));
        self.lease = None;
        if odd.hasty {
            return self.begin_anew(Duration::ZERO, Oddities::HASTE);
        }
        self.begin_anew(RELEASE_PAUSE, RELEASE_PAUSE + 2 * SECOND);
    }

    /// Its lease goes on: it may come back to it.
    fn switch_off(&mut self, least: Duration, most: Duration) {
        self.tell(What::SwitchedOff);
        self.state = State::Off;
        self.wake = self.local() + self.between(least, most.max(least));
        self.life = LocalTime(Duration::MAX);
    }

    pub(super) fn switch_on(&mut self) {
        match self.remembered {
            Some(address) => self.reboot(address),
            None => self.discover(),
        }
    }

    /// The answer has another xid than the next renewal, and gives nothing.
    fn inform(&mut self, lease: Lease) {
        let kept = self.exchange;
        self.new_exchange();
        let message = self.message(MessageKind::Inform).ciaddr(lease.address);
        self.send(std::net::Ipv4Addr::BROADCAST, lease.address, &message);
        self.exchange = kept;
        self.plan_life(lease);
    }
}
