//! Who says of which addresses that somebody is on them: by a DHCPDECLINE, or by answering a conflict probe. Each such
//! address is quarantined, so nobody may say it of too many (contract S7, ADR 0026). Pure.
//!
//! A host has few fixed addresses in a pool. Whoever claims more lies, or is a proxy, and is believed of the first
//! few only. Its port on the bridge, or its relay, counts as well, because hardware addresses are cheap.
//!
//! **Bounded.** [`MAX_ACCUSERS`] of either kind; what is older than [`ACCUSATION_WINDOW`] is forgotten.

use crate::Moment;
use crate::limits::{
    ACCUSATION_WINDOW, ACCUSATIONS_PER_CLIENT, ACCUSATIONS_PER_PORT, ACCUSATIONS_WITHOUT_PORT,
    MAX_ACCUSERS,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A port of the bridge that the clients are on; `None` for all of which it is not known.
pub type Port = Option<u32>;

/// Where an accuser is: what it cannot make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A port of the bridge.
    Port(Port),
    /// Behind a relay.
    Relay(Ipv4Addr),
}

impl Place {
    /// Of how many addresses all that are there are believed, together.
    const fn limit(self) -> usize {
        match self {
            Self::Port(None) => ACCUSATIONS_WITHOUT_PORT,
            Self::Port(Some(_)) | Self::Relay(_) => ACCUSATIONS_PER_PORT,
        }
    }
}

/// Who says that somebody is on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuser {
    /// Its hardware address; an echo from behind a relay does not tell.
    pub hardware: Option<[u8; 6]>,
    /// Where it is.
    pub place: Place,
}

/// What was said lately, and by whom.
#[derive(Clone, Debug, Default)]
pub struct Accusations {
    by_client: BTreeMap<[u8; 6], Accused>,
    by_place: BTreeMap<Place, Accused>,
}

/// Of which addresses, and when last.
type Accused = BTreeMap<Ipv4Addr, Moment>;

impl Accusations {
    /// Whether it is believed that somebody is on `address`. The same address again is no news, and costs nothing.
    pub fn believes(&mut self, accuser: Accuser, address: Ipv4Addr, now: Moment) -> bool {
        let Accuser { hardware, place } = accuser;
        let (clients, places) = (&mut self.by_client, &mut self.by_place);
        let is_believed = hardware
            .is_none_or(|client| has_room(clients, client, address, ACCUSATIONS_PER_CLIENT, now))
            && has_room(places, place, address, place.limit(), now);
        if is_believed {
            if let Some(client) = hardware {
                clients.entry(client).or_default().insert(address, now);
            }
            places.entry(place).or_default().insert(address, now);
        }
        is_believed
    }
}

fn has_room<K: Ord + Copy>(
    accusers: &mut BTreeMap<K, Accused>,
    accuser: K,
    address: Ipv4Addr,
    limit: usize,
    now: Moment,
) -> bool {
    let is_recent = |at: &Moment| now.since(*at) < ACCUSATION_WINDOW;
    if let Some(accused) = accusers.get_mut(&accuser) {
        accused.retain(|_, at| is_recent(at));
        return accused.len() < limit || accused.contains_key(&address);
    }
    if accusers.len() >= MAX_ACCUSERS {
        accusers.retain(|_, accused| accused.values().any(is_recent));
    }
    accusers.len() < MAX_ACCUSERS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x0a0f_0000 + number)
    }

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn of(hardware: [u8; 6], port: Port) -> Accuser {
        Accuser {
            hardware: Some(hardware),
            place: Place::Port(port),
        }
    }

    #[test]
    fn one_client_is_believed_of_a_few_addresses() {
        let mut accusations = Accusations::default();
        let believed = (0..100).filter(|number| {
            accusations.believes(of([1; 6], None), address(*number), at(u64::from(*number)))
        });
        assert_eq!(believed.count(), ACCUSATIONS_PER_CLIENT);
        assert!(
            accusations.believes(of([1; 6], None), address(0), at(100)),
            "no news"
        );
        assert!(
            accusations.believes(of([2; 6], None), address(7), at(100)),
            "another client"
        );
        let later = at(100) + ACCUSATION_WINDOW;
        assert!(accusations.believes(of([1; 6], None), address(7), later));
    }

    /// A port may make up as many hardware addresses as it likes.
    #[test]
    fn one_port_is_believed_of_some_addresses() {
        let mut accusations = Accusations::default();
        let believed = (0..200_u8).filter(|number| {
            let accuser = of([*number; 6], Some(3));
            accusations.believes(accuser, address(u32::from(*number)), at(1))
        });
        assert_eq!(believed.count(), ACCUSATIONS_PER_PORT);
        assert!(
            accusations.believes(of([9; 6], Some(4)), address(9), at(1)),
            "another port"
        );
    }

    /// Where no port is known, as where the interface is no bridge: four that lie leave room for who tells the truth, and
    /// all together have their limit.
    #[test]
    fn without_a_port_a_few_liars_leave_room_for_others() {
        let mut accusations = Accusations::default();
        let mut believed = 0;
        for (liar, number) in (1..=4_u8).flat_map(|liar| (0..100).map(move |number| (liar, number)))
        {
            let number = u32::from(liar) * 100 + number;
            believed +=
                usize::from(accusations.believes(of([liar; 6], None), address(number), at(1)));
        }
        assert_eq!(believed, 4 * ACCUSATIONS_PER_CLIENT);
        let others = (10..200_u8).filter(|number| {
            let accuser = of([*number; 6], None);
            accusations.believes(accuser, address(1000 + u32::from(*number)), at(2))
        });
        assert_eq!(believed + others.count(), ACCUSATIONS_WITHOUT_PORT);
        let later = at(2) + ACCUSATION_WINDOW;
        assert!(accusations.believes(of([9; 6], None), address(9), later));
    }

    #[test]
    fn bounded() {
        let mut accusations = Accusations::default();
        for number in 0..10_000_u32 {
            let [a, b, c, d] = number.to_be_bytes();
            accusations.believes(of([2, 0, a, b, c, d], Some(number)), address(number), at(1));
        }
        assert!(accusations.by_client.len() <= MAX_ACCUSERS);
        assert!(accusations.by_place.len() <= MAX_ACCUSERS);
        let later = at(2) + ACCUSATION_WINDOW;
        assert!(
            accusations.believes(of([7; 6], Some(7)), address(1), later),
            "room again"
        );
    }

    /// Whoever answers echoes behind one relay spends nobody else's budget.
    #[test]
    fn a_relay_is_believed_of_some_addresses_and_for_itself() {
        let mut accusations = Accusations::default();
        let behind = |relay| Accuser {
            hardware: None,
            place: Place::Relay(address(relay)),
        };
        let believed = (0..200).filter(|n| accusations.believes(behind(5), address(*n), at(1)));
        assert_eq!(believed.count(), ACCUSATIONS_PER_PORT);
        assert!(accusations.believes(behind(6), address(201), at(1)));
        assert!(accusations.believes(of([0; 6], None), address(202), at(1)));
    }
}
