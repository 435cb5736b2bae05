//! What real clients do beside RFC 2131, each seen on a network or in a public report, drawn from a seed.
//!
//! The servers owe these clients what they owe any other: the judges know nothing of oddities.

use super::message::Message;
use fastrand::Rng;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How a client gives its address up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReleaseForm {
    /// To its server, from its address (RFC 2131 §4.4.4).
    #[default]
    Unicast,
    /// The same without naming the server.
    Nameless,
    /// To everybody, from its address.
    Broadcast,
    /// To everybody from 0.0.0.0: the address is off the interface already (Kubernetes' CNI plugin).
    FromNowhere,
}

/// An optional option that says nothing, or too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddOption {
    /// Option 57 twice (`udhcpc -x 0x39:05dc`).
    DoubledSize,
    /// Option 57 beyond any link.
    HugeSize,
    /// Option 57 below what RFC 2132 §9.10 allows.
    TinySize,
    /// Option 57 of one byte.
    MalformedSize,
    /// Option 51 of three bytes.
    MalformedTime,
    /// Option 12 without a name.
    EmptyName,
    /// Option 55 twice.
    DoubledParameters,
    /// Option 61 of one byte; of a client that has no other.
    ShortIdentifier,
}

/// What a client does that no RFC tells it to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Its old address is in the `ciaddr` of its DHCPDISCOVER (NetworkManager).
    pub old_in_ciaddr: bool,
    /// An option in every message.
    pub option: Option<OddOption>,
    /// How it gives up.
    pub release: ReleaseForm,
    /// It asks again within 50 ms of its RELEASE.
    pub hasty: bool,
    /// It declines so many addresses, one after the other, before it keeps one.
    pub declines: u8,
}

impl Oddities {
    /// A client that does what RFC 2131 says.
    pub const NONE: Self = Self {
        old_in_ciaddr: false,
        option: None,
        release: ReleaseForm::Unicast,
        hasty: false,
        declines: 0,
    };
    /// A hasty client's longest pause between its RELEASE and its next DHCPDISCOVER.
    pub const HASTE: Duration = Duration::from_millis(50);
    /// The pause of a client that declines in a loop.
    pub const DECLINE_PAUSE: Duration = Duration::from_millis(1500);

    /// Most clients have none.
    pub fn draw(rng: &mut Rng, has_identifier: bool) -> Self {
        let mut one_in = |chance: u8| rng.u8(0..chance) == 0;
        let (old_in_ciaddr, has_option) = (one_in(4), one_in(3));
        let release = match rng.u8(0..8) {
            0 => ReleaseForm::Nameless,
            1 => ReleaseForm::Broadcast,
            2 | 3 => ReleaseForm::FromNowhere,
            _ => ReleaseForm::Unicast,
        };
        let option = match rng.u8(0..8) {
            0 => OddOption::DoubledSize,
            1 => OddOption::HugeSize,
            2 => OddOption::TinySize,
            3 => OddOption::MalformedSize,
            4 => OddOption::MalformedTime,
            5 => OddOption::EmptyName,
            6 => OddOption::DoubledParameters,
            _ if has_identifier => OddOption::DoubledSize,
            _ => OddOption::ShortIdentifier,
        };
        Self {
            old_in_ciaddr,
            option: has_option.then_some(option),
            release,
            hasty: rng.bool(),
            declines: match rng.u8(0..10) {
                0 => rng.u8(1..=12),
                _ => 0,
            },
        }
    }

    /// Adds the option, if any.
    pub(super) fn garnish(self, message: Message) -> Message {
        match self.option {
            None => message,
            Some(OddOption::DoubledSize) => message.option(57, &[5, 220]).option(57, &[5, 220]),
            Some(OddOption::HugeSize) => message.option(57, &[255, 255]),
            Some(OddOption::TinySize) => message.option(57, &[0, 100]),
            Some(OddOption::MalformedSize) => message.option(57, &[5]),
            Some(OddOption::MalformedTime) => message.option(51, &[0, 1, 0]),
            Some(OddOption::EmptyName) => message.option(12, &[]),
            Some(OddOption::DoubledParameters) => message.option(55, &[1, 3]).option(55, &[6, 15]),
            Some(OddOption::ShortIdentifier) => message.option(61, &[1]),
        }
    }

    /// Where a RELEASE goes and comes from.
    pub(super) const fn release_way(self, server: Ipv4Addr, own: Ipv4Addr) -> (Ipv4Addr, Ipv4Addr) {
        match self.release {
            ReleaseForm::Unicast | ReleaseForm::Nameless => (server, own),
            ReleaseForm::Broadcast => (Ipv4Addr::BROADCAST, own),
            ReleaseForm::FromNowhere => (Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MessageKind;
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    /// None of them makes the message unreadable (ADR 0027).
    #[test]
    fn the_server_reads_whatever_is_drawn() {
        let mut rng = Rng::with_seed(7);
        for _ in 0..200 {
            let odd = Oddities::draw(&mut rng, false);
            let message = odd.garnish(Message::new(MessageKind::Discover, MAC, 7));
            let packet = dhcpd::codec::decode(&message.datagram()).expect("readable");
            assert_eq!((packet.xid, packet.client_identifier), (7, None));
        }
    }
}
