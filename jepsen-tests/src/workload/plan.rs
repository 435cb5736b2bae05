//! The sizes of a workload.

use std::net::Ipv4Addr;

use lab::life::Habits;
use lab::life::habits::Deed;

use super::Workload;

/// The first address of every pool.
const POOL_START: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
/// The last address that a pool may have.
const POOL_LIMIT: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 254);
/// Where operators' reservations begin when there are some: behind the pool.
const RESERVED_START: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 230);
/// Short enough that a lease, its grace (10 s) and its address's next owner fit half a minute.
const LEASE_SECONDS: u32 = 15;
/// A third of what RFC 2131 §4.1 has: faults are short here.
const RETRANSMIT_MS: u64 = 1500;

/// Everything that a workload has a size for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// DHCP clients at any time, over all machines.
    pub clients: u32,
    /// How they live.
    pub habits: Habits,
    /// First and last address of the pool.
    pub pool: (Ipv4Addr, Ipv4Addr),
    /// The lease time.
    pub lease_seconds: u32,
    /// What operators do meanwhile.
    pub operators: Option<OperatorWork>,
    /// Whether machines keep flows through NAT meanwhile.
    pub flows: bool,
    /// Whether there is an address for every client, so that all must be served in the end.
    pub room_for_all: bool,
}

/// What operators change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorWork {
    /// Reservations.
    Reservations,
    /// Port forwards.
    Forwards,
}

impl Workload {
    /// The sizes, with `clients` DHCP clients, or as many as the workload usually has.
    pub fn plan(self, clients: Option<u32>) -> Plan {
        let clients = clients.unwrap_or(self.usual_clients());
        let pool_size = match self {
            // Two of three can be served.
            Self::Exhaustion => (clients * 2 / 3).max(1),
            // Who left for good keeps its address for a lease and its grace.
            _ => clients * 2,
        };
        let limit = match self {
            Self::Reservation => u32::from(RESERVED_START) - 1,
            _ => u32::from(POOL_LIMIT),
        };
        let last = (u32::from(POOL_START) + pool_size - 1).min(limit);
        Plan {
            clients,
            habits: self.habits(),
            pool: (POOL_START, Ipv4Addr::from(last)),
            lease_seconds: LEASE_SECONDS,
            operators: match self {
                Self::Reservation => Some(OperatorWork::Reservations),
                Self::Forward => Some(OperatorWork::Forwards),
                _ => None,
            },
            flows: self == Self::Flows,
            room_for_all: last - u32::from(POOL_START) + 1 >= clients,
        }
    }

    fn usual_clients(self) -> u32 {
        match self {
            Self::Lease | Self::Membership => 150,
            Self::Storm => 100,
            Self::Exhaustion => 90,
            Self::Churn => 60,
            Self::Reservation | Self::Forward | Self::Flows => 20,
        }
    }

    fn habits(self) -> Habits {
        use Deed::{
            Decline, Forge, Reboot, RebootAstray, Release, ReleaseForGood, Vanish, VanishForGood,
        };
        let whole_life = Habits {
            stay_ms: 1_000..25_000,
            pause_ms: 100..4_000,
            deeds: vec![
                (Release, 60),
                (ReleaseForGood, 24),
                (Reboot, 50),
                (RebootAstray, 16),
                (Vanish, 30),
                (VanishForGood, 12),
                // Each takes an address away for ten minutes: more, and a long run would have none left.
                (Decline, 2),
                (Forge, 12),
            ],
            deaf_percent: 15,
            retransmit_ms: RETRANSMIT_MS,
            wave_ms: None,
        };
        match self {
            Self::Lease | Self::Membership | Self::Reservation | Self::Forward | Self::Flows => {
                whole_life
            }
            Self::Storm => Habits {
                stay_ms: 5_000..9_000,
                pause_ms: 1..2,
                deeds: vec![(Release, 50), (ReleaseForGood, 10), (Reboot, 40)],
                wave_ms: Some(12_000),
                ..whole_life
            },
            Self::Exhaustion => Habits {
                stay_ms: 3_000..20_000,
                deeds: vec![(Release, 60), (ReleaseForGood, 20), (VanishForGood, 20)],
                ..whole_life
            },
            Self::Churn => Habits {
                stay_ms: 100..2_500,
                pause_ms: 0..300,
                deeds: vec![
                    (Release, 60),
                    (ReleaseForGood, 20),
                    (Reboot, 10),
                    (RebootAstray, 5),
                    (Forge, 5),
                ],
                ..whole_life
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn only_exhaustion_has_fewer_addresses_than_clients() {
        for workload in Workload::value_variants() {
            let plan = workload.plan(None);
            let roomy = *workload != Workload::Exhaustion;
            assert_eq!(plan.room_for_all, roomy, "{}", workload.name());
        }
    }
}
