//! What this node remembers of each client's recent packets: its retries, its releases, its rate limit.
//!
//! * **Bounded.** [`MAX_REMEMBERED_CLIENTS`] entries; the least recently seen makes room. A flood of fake
//!   clients can push real ones out, and those start again from nothing. That costs them a retransmission.
//!   One case is worse: a copy of a DHCPRELEASE that arrives 1.5 s late or more, after the client's next
//!   request, would end the new lease (S7), because the state remembers only releases that ended a lease.
//! * **Only a hint.** It decides which node answers first, which RELEASE is a copy, and whether an offer needs
//!   a commit. Leases are in the replicated state.

use super::{Rate, RateLimits, TokenBucket};
use crate::MonotonicTime;
use crate::limits::{
    ATTEMPT_WINDOW, MAX_REMEMBERED_CLIENTS, MIN_RETRY_GAP, RELEASE_COPIED_FOR, RELEASES_REMEMBERED,
};
use ipam::{ClientKey, ClusterTime};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// One attempt of a client to get something from any server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Earlier copies that arrived here since the client was last served.
    pub earlier: u32,
}

#[derive(Clone, Debug)]
struct Remembered {
    /// The entry's place in `by_age`.
    age: u64,
    /// The last attempt that counted; `None` once the client was served.
    attempted: Option<MonotonicTime>,
    /// Copies that arrived after the first.
    retries: u32,
    /// When the client's last grant was stamped, as known at the last attempt: a later one shows
    /// that some node served the client in between.
    granted: Option<ClusterTime>,
    /// Its last DHCPREQUEST here was refused: what this node knew of it was wrong or old.
    refused: bool,
    /// What it was offered here last, after a probe (L6).
    offered: Option<Ipv4Addr>,
    /// Its last DHCPRELEASEs, the oldest first: the transaction, and when the first copy came.
    released: Vec<(u32, MonotonicTime)>,
    /// When it last declined.
    declined: Option<MonotonicTime>,
    budget: TokenBucket,
}

impl Remembered {
    fn new(age: u64, budget: Rate) -> Self {
        Self {
            age,
            attempted: None,
            retries: 0,
            granted: None,
            refused: false,
            offered: None,
            released: Vec::new(),
            declined: None,
            budget: TokenBucket::new(budget),
        }
    }
}

/// What this node remembers of each client.
#[derive(Clone, Debug)]
pub struct ClientMemory {
    budget: Rate,
    clients: BTreeMap<ClientKey, Remembered>,
    by_age: BTreeMap<u64, ClientKey>,
    next_age: u64,
}

impl ClientMemory {
    /// An empty memory.
    #[must_use]
    pub fn new(limits: &RateLimits) -> Self {
        Self {
            budget: limits.per_client,
            clients: BTreeMap::new(),
            by_age: BTreeMap::new(),
            next_age: 0,
        }
    }

    /// Notes that `client` wants something from any server; `granted` is when its lease was
    /// granted, as far as this node has applied.
    pub fn attempt(
        &mut self,
        client: &ClientKey,
        granted: Option<ClusterTime>,
        now: MonotonicTime,
    ) -> Attempt {
        let entry = self.entry(client);
        let gap = entry.attempted.map(|attempted| now.since(attempted));
        let served = granted > entry.granted;
        match gap.filter(|gap| *gap < ATTEMPT_WINDOW && !served) {
            None => entry.retries = 0,
            Some(gap) if gap >= MIN_RETRY_GAP => entry.retries = entry.retries.saturating_add(1),
            Some(_) => {
                return Attempt {
                    earlier: entry.retries,
                };
            }
        }
        entry.attempted = Some(now);
        entry.granted = granted;
        Attempt {
            earlier: entry.retries,
        }
    }

    /// Notes that some node is serving `client`: its next attempt is a first one.
    pub fn served(&mut self, client: &ClientKey) {
        if let Some(entry) = self.clients.get_mut(client) {
            entry.attempted = None;
        }
    }

    /// Notes that `client` was refused what it asked for.
    pub fn refused(&mut self, client: &ClientKey) {
        if let Some(entry) = self.clients.get_mut(client) {
            entry.refused = true;
        }
    }

    /// Whether the client was refused since it was last offered something by a committed decision.
    #[must_use]
    pub fn was_refused(&self, client: &ClientKey) -> bool {
        self.clients.get(client).is_some_and(|entry| entry.refused)
    }

    /// Notes that a committed decision offers the client this address.
    pub fn offered(&mut self, client: &ClientKey, address: Ipv4Addr) {
        if let Some(entry) = self.clients.get_mut(client) {
            entry.refused = false;
            entry.offered = Some(address);
        }
    }

    /// What this node has offered the client last.
    #[must_use]
    pub fn offer_to(&self, client: &ClientKey) -> Option<Ipv4Addr> {
        self.clients.get(client)?.offered
    }

    /// Notes a DHCPRELEASE; whether it is a copy of one that this node received some seconds ago (S7).
    pub fn is_copy_of_release(&mut self, client: &ClientKey, xid: u32, now: MonotonicTime) -> bool {
        let released = &mut self.entry(client).released;
        released.retain(|(_, first)| now.since(*first) < RELEASE_COPIED_FOR);
        let is_copy = released.iter().any(|(heard, _)| *heard == xid);
        if !is_copy {
            if released.len() >= RELEASES_REMEMBERED {
                released.remove(0);
            }
            released.push((xid, now));
        }
        is_copy
    }

    /// Notes a DHCPDECLINE.
    pub fn note_decline(&mut self, client: &ClientKey, now: MonotonicTime) {
        self.entry(client).declined = Some(now);
    }

    /// Whether this node received a DHCPRELEASE or DHCPDECLINE of the client some seconds ago.
    #[must_use]
    pub fn has_given_up(&self, client: &ClientKey, now: MonotonicTime) -> bool {
        let lately = |heard: &MonotonicTime| now.since(*heard) < RELEASE_COPIED_FOR;
        self.clients.get(client).is_some_and(|entry| {
            let released = entry.released.last().map(|(_, first)| first);
            released.is_some_and(lately) || entry.declined.as_ref().is_some_and(lately)
        })
    }

    /// Charges one command to the client's own budget.
    pub fn try_spend(&mut self, client: &ClientKey, now: MonotonicTime) -> bool {
        self.entry(client).budget.try_take(now)
    }

    /// How many clients are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// The client's entry, new or known, now the youngest.
    fn entry(&mut self, client: &ClientKey) -> &mut Remembered {
        let age = self.next_age;
        self.next_age += 1;
        if let Some(known) = self.clients.get(client) {
            self.by_age.remove(&known.age);
        } else if self.clients.len() >= MAX_REMEMBERED_CLIENTS {
            self.forget_oldest();
        }
        self.by_age.insert(age, client.clone());
        let entry = self
            .clients
            .entry(client.clone())
            .or_insert_with(|| Remembered::new(age, self.budget));
        entry.age = age;
        entry
    }

    fn forget_oldest(&mut self) {
        if let Some((_, client)) = self.by_age.pop_first() {
            self.clients.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipam::HardwareAddress;
    use std::time::Duration;

    fn client(number: u32) -> ClientKey {
        let [a, b, c, d] = number.to_be_bytes();
        ClientKey::Hardware(HardwareAddress::ethernet([2, 0, a, b, c, d]))
    }

    fn at(millis: u64) -> MonotonicTime {
        MonotonicTime(Duration::from_millis(millis))
    }

    /// At the first copy the node still knew the lease that a DHCPRELEASE was about to end.
    #[test]
    fn l3_lease_that_ends_meanwhile_does_not_reset_retries() {
        let mut memory = ClientMemory::new(&RateLimits::default());
        let held = Some(ClusterTime(5));
        let mut earlier = |granted, millis| memory.attempt(&client(1), granted, at(millis)).earlier;
        assert_eq!(earlier(held, 0), 0);
        assert_eq!(earlier(None, 4000), 1);
        assert_eq!(earlier(Some(ClusterTime(9)), 12_000), 0, "it was served");
    }

    #[test]
    fn attempt_counts_retries_but_not_network_copies() {
        let mut memory = ClientMemory::new(&RateLimits::default());
        let mut earlier = |millis| memory.attempt(&client(1), None, at(millis)).earlier;
        assert_eq!(earlier(0), 0);
        assert_eq!(earlier(10), 0, "a copy made by the network");
        assert_eq!(earlier(4000), 1);
        assert_eq!(earlier(12_000), 2);
        assert_eq!(earlier(12_000 + 90_000), 0, "long after, it starts afresh");
    }

    #[test]
    fn attempt_after_served_starts_from_zero() {
        let mut memory = ClientMemory::new(&RateLimits::default());
        memory.attempt(&client(1), None, at(0));
        memory.served(&client(1));
        assert_eq!(memory.attempt(&client(1), None, at(4000)).earlier, 0);
        let granted = Some(ClusterTime(7));
        assert_eq!(
            memory.attempt(&client(1), granted, at(8000)).earlier,
            0,
            "granted meanwhile"
        );
        assert_eq!(memory.attempt(&client(1), granted, at(12_000)).earlier, 1);
    }

    #[test]
    fn least_recently_seen_client_makes_room() {
        let mut memory = ClientMemory::new(&RateLimits::default());
        let limit = u32::try_from(MAX_REMEMBERED_CLIENTS).expect("fits");
        for number in 0..limit {
            memory.attempt(&client(number), None, at(0));
        }
        memory.attempt(&client(0), None, at(600));
        memory.attempt(&client(limit), None, at(600));
        assert_eq!(memory.len(), MAX_REMEMBERED_CLIENTS);
        assert_eq!(memory.by_age.len(), MAX_REMEMBERED_CLIENTS);
        assert_eq!(
            memory.attempt(&client(0), None, at(1200)).earlier,
            2,
            "0 was heard again"
        );
        assert_eq!(
            memory.attempt(&client(1), None, at(1200)).earlier,
            0,
            "1 made room"
        );
    }

    /// S7: a client that comes and goes gives up several grants in the life of a datagram.
    #[test]
    fn s7_copy_of_any_remembered_release_is_recognised() {
        let mut memory = ClientMemory::new(&RateLimits::default());
        let releases = 1..=u32::try_from(RELEASES_REMEMBERED).expect("fits");
        for xid in releases.clone() {
            assert!(!memory.is_copy_of_release(&client(1), xid, at(u64::from(xid) * 10)));
        }
        for xid in releases {
            assert!(
                memory.is_copy_of_release(&client(1), xid, at(7000)),
                "{xid}"
            );
        }
        assert!(
            !memory.is_copy_of_release(&client(2), 1, at(7000)),
            "another client's"
        );
        assert!(
            !memory.is_copy_of_release(&client(1), 1, at(10_010)),
            "long ago"
        );
    }

    #[test]
    fn remembered_releases_are_bounded() {
        let mut memory = ClientMemory::new(&RateLimits::default());
        for xid in 0..1000 {
            memory.is_copy_of_release(&client(1), xid, at(0));
        }
        let released = &memory.clients[&client(1)].released;
        assert_eq!(released.len(), RELEASES_REMEMBERED);
    }

    #[test]
    fn try_spend_limits_one_clients_commands() {
        let mut memory = ClientMemory::new(&RateLimits::default());
        let spent = (0..100)
            .filter(|_| memory.try_spend(&client(1), at(0)))
            .count();
        assert_eq!(spent, crate::limits::PER_CLIENT_BURST as usize);
        assert!(
            memory.try_spend(&client(2), at(0)),
            "another client has its own budget"
        );
    }
}
