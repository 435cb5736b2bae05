//! Who says of which addresses that somebody is on them: by a DHCPDECLINE, or by answering a conflict probe. Each such
//! address is quarantined, so nobody may say it of too many (contract S7, ADR 0026). Pure.
//!
//! A host has few fixed addresses in a pool. Whoever claims more lies, or is a proxy, and is believed of the first
//! few only. Its port on the bridge counts as well, because hardware addresses are cheap.
//!
//! **Bounded.** [`MAX_ACCUSERS`] of either kind; what is older than [`ACCUSATION_WINDOW`] is forgotten.

use crate::Moment;
use crate::limits::{
    ACCUSATION_WINDOW, ACCUSATIONS_PER_CLIENT, ACCUSATIONS_PER_PORT, MAX_ACCUSERS,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A port of the bridge that the clients are on; `None` for all of which it is not known.
pub type Port = Option<u32>;

/// What was said lately, and by whom.
#[derive(Clone, Debug, Default)]
pub struct Accusations {
    by_client: BTreeMap<[u8; 6], Accused>,
    by_port: BTreeMap<Port, Accused>,
}

/// Of which addresses, and when last.
type Accused = BTreeMap<Ipv4Addr, Moment>;

impl Accusations {
    /// Whether `client` at `port` is believed that somebody is on `address`. The same address again is no news, and
    /// costs nothing.
    pub fn believes(
        &mut self,
        client: [u8; 6],
        port: Port,
        address: Ipv4Addr,
        now: Moment,
    ) -> bool {
        let is_believed =
            has_room(
                &mut self.by_client,
                client,
                address,
                ACCUSATIONS_PER_CLIENT,
                now,
            ) && has_room(&mut self.by_port, port, address, ACCUSATIONS_PER_PORT, now);
        if is_believed {
            self.by_client
                .entry(client)
                .or_default()
                .insert(address, now);
            self.by_port.entry(port).or_default().insert(address, now);
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

    #[test]
    fn one_client_is_believed_of_a_few_addresses() {
        let mut accusations = Accusations::default();
        let believed = (0..100).filter(|number| {
            accusations.believes([1; 6], None, address(*number), at(u64::from(*number)))
        });
        assert_eq!(believed.count(), ACCUSATIONS_PER_CLIENT);
        assert!(
            accusations.believes([1; 6], None, address(0), at(100)),
            "no news"
        );
        assert!(
            accusations.believes([2; 6], None, address(7), at(100)),
            "another client"
        );
        let later = at(100) + ACCUSATION_WINDOW;
        assert!(accusations.believes([1; 6], None, address(7), later));
    }

    /// A port may make up as many hardware addresses as it likes.
    #[test]
    fn one_port_is_believed_of_some_addresses() {
        let mut accusations = Accusations::default();
        for port in [Some(3), None] {
            let believed = (0..200_u8).filter(|number| {
                accusations.believes([*number; 6], port, address(u32::from(*number)), at(1))
            });
            assert_eq!(believed.count(), ACCUSATIONS_PER_PORT);
        }
        assert!(
            accusations.believes([9; 6], Some(4), address(9), at(1)),
            "another port"
        );
    }

    #[test]
    fn bounded() {
        let mut accusations = Accusations::default();
        for number in 0..10_000_u32 {
            let [a, b, c, d] = number.to_be_bytes();
            accusations.believes([2, 0, a, b, c, d], Some(number), address(number), at(1));
        }
        assert!(accusations.by_client.len() <= MAX_ACCUSERS);
        assert!(accusations.by_port.len() <= MAX_ACCUSERS);
        let later = at(2) + ACCUSATION_WINDOW;
        assert!(
            accusations.believes([7; 6], Some(7), address(1), later),
            "room again"
        );
    }
}
