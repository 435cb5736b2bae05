//! How one client behaves, drawn from a seed.

use super::Oddities;
use fastrand::Rng;
use std::time::Duration;

/// What a client makes of its life, beside renewing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// It renews, and reboots now and then.
    Steady,
    /// It releases, and asks again at once.
    Churning,
    /// It is switched off for longer than its lease, and asks for its old address.
    Sleeper,
    /// It is moved from host to host.
    Mover,
    /// It forgets what it had when it reboots.
    Forgetful,
}

/// How one client behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// What it makes of its life.
    pub temper: Temper,
    /// It retransmits after a second, not after four (RFC 2131 §4.1 asks for four).
    pub impatient: bool,
    /// It counts its lease from the last copy of its DHCPREQUEST, not from the first.
    pub counts_from_last_copy: bool,
    /// It wants replies by broadcast.
    pub broadcast_flag: bool,
    /// It asks by ARP before it uses an address (RFC 2131 §4.4.1).
    pub checks_by_arp: bool,
    /// It takes the first offer, and does not wait for more.
    pub takes_first_offer: bool,
    /// It sends every datagram twice.
    pub duplicates: bool,
    /// It asks for this lease time in every other copy of a message.
    pub lease_time: Option<Duration>,
    /// Option 61; clones share it.
    pub client_identifier: Option<Vec<u8>>,
    /// What it does that no RFC tells it to.
    pub oddities: Oddities,
}

impl Habits {
    /// A client that does what RFC 2131 says and nothing else.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            temper: Temper::Steady,
            impatient: false,
            counts_from_last_copy: false,
            broadcast_flag: false,
            checks_by_arp: false,
            takes_first_offer: true,
            duplicates: false,
            lease_time: None,
            client_identifier: None,
            oddities: Oddities::NONE,
        }
    }

    /// Habits by chance. `clone_identifier` is the option 61 that clones share.
    pub fn draw(rng: &mut Rng, clone_identifier: &[u8]) -> Self {
        let temper = match rng.u8(0..10) {
            0..4 => Temper::Steady,
            4..6 => Temper::Churning,
            6..8 => Temper::Sleeper,
            8 => Temper::Mover,
            _ => Temper::Forgetful,
        };
        let mut one_in = |chance: u8| rng.u8(0..chance) == 0;
        let habits = Self {
            temper,
            impatient: one_in(4),
            counts_from_last_copy: one_in(2),
            broadcast_flag: one_in(3),
            checks_by_arp: one_in(2),
            takes_first_offer: one_in(2),
            duplicates: one_in(8),
            lease_time: one_in(4).then(|| Duration::from_secs(60)),
            client_identifier: one_in(4).then(|| clone_identifier.to_vec()),
            oddities: Oddities::NONE,
        };
        // From a seed of their own, so that what is drawn after them stays what it was.
        let mut odd = Rng::with_seed(rng.clone().u64(..));
        let has_identifier = habits.client_identifier.is_some();
        Self {
            oddities: Oddities::draw(&mut odd, has_identifier),
            ..habits
        }
    }
}
