//! What must happen sometimes: what the product can say, and what faults can bring, is seen in some run, or nothing that the
//! runs say of it is worth much.
//!
//! * **What it is.** A list of rows ([`rows`]), complete by construction: it is made from the enumerations themselves, or
//!   from a match that a new variant breaks. [`Sightings`] counts what a run comes across, and [`shortfall`] says which rows
//!   of many runs are still at zero.
//! * **What it is not.** A checker of one run: a row says nothing about whether what happened was right.
//! * **Invariants.** What the simulation cannot bring about is in [`OUT_OF_REACH`], each with its reason. A row of that list
//!   that was seen all the same is a mistake in the list. What is too rare to be demanded is in [`SELDOM`].

mod out_of_reach;
mod product;
mod sightings;

pub use out_of_reach::{OUT_OF_REACH, SELDOM};
pub use product::blocker_name;
pub use sightings::Sightings;

use crate::fault::Kind;
use crate::stats::{Rare, Stats};
use causes::CAUSES;
use dhcpd::codec::DropReason;
use dhcpd::decide::NoReplyReason;

/// In so many runs each row must have been seen.
pub const ENOUGH_SEEDS: u64 = 1000;

dhcpd::labelled! {
    /// What a row is of.
    pub enum Table {
        /// A fault of the simulation's.
        Fault => "fault",
        /// A rare event.
        Rare => "seen",
        /// Why a node gave a client no answer.
        NoReply => "no reply",
        /// Why a node did not consider a datagram.
        Dropped => "dropped",
        /// Why the state machine did not change leases as it was asked.
        LeaseRefused => "lease refused",
        /// The same of an object.
        ObjectRefused => "object refused",
        /// The same of the cluster itself, or of a command of any class.
        ClusterRefused => "cluster refused",
        /// Why an address cannot be an object's or a node's.
        AddressRefused => "address refused",
        /// What a command has too much of.
        OverBudget => "over budget",
        /// What a node says that is amiss.
        Blocker => "blocker",
        /// Why a node says that it does not serve.
        NotServing => "not serving",
    }
}

/// One thing that must happen sometimes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Of what.
    pub table: Table,
    /// Which.
    pub name: &'static str,
}

/// A row that is not demanded, and why.
pub type Exception = (Table, &'static str, &'static str);

/// Every row, in the order of a report.
#[must_use]
pub fn rows() -> Vec<Row> {
    let names = |table: Table| -> Vec<&'static str> {
        match table {
            Table::Fault => Kind::ALL.iter().map(|kind| kind.name()).collect(),
            Table::Rare => Rare::ALL.iter().map(|rare| rare.name()).collect(),
            Table::NoReply => NoReplyReason::ALL
                .iter()
                .map(|reason| reason.name())
                .collect(),
            Table::Dropped => DropReason::ALL.iter().map(|reason| reason.name()).collect(),
            Table::LeaseRefused => product::LEASE_REFUSALS.to_vec(),
            Table::ObjectRefused => product::OBJECT_REFUSALS.to_vec(),
            Table::ClusterRefused => product::CLUSTER_REFUSALS.to_vec(),
            Table::AddressRefused => product::ADDRESS_REFUSALS.to_vec(),
            Table::OverBudget => product::OVER_BUDGETS.to_vec(),
            Table::Blocker => product::BLOCKERS.to_vec(),
            Table::NotServing => CAUSES.iter().map(|cause| cause.says).collect(),
        }
    };
    let tables = Table::ALL.iter();
    let rows = tables.flat_map(|table| {
        let row = |name| Row {
            table: *table,
            name,
        };
        names(*table).into_iter().map(row)
    });
    rows.collect()
}

/// What is wrong with so much experience: rows that stayed at zero, and rows that should have.
#[must_use]
pub fn shortfall(stats: &Stats) -> Vec<String> {
    let wrong = rows().into_iter().filter_map(|row| {
        let Row { table, name } = row;
        let of = |list: &[Exception]| {
            let mut list = list.iter();
            list.find(|(of, which, _)| (*of, *which) == (table, name))
                .copied()
        };
        match (stats.seen(row), of(OUT_OF_REACH)) {
            (0, None) if of(SELDOM).is_none() => {
                Some(format!("{}: {name}: never seen", table.name()))
            }
            (1.., Some((_, _, reason))) => Some(format!(
                "{}: {name}: seen, though it is listed as out of reach: {reason}",
                table.name()
            )),
            _ => None,
        }
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_row_is_there_once_and_each_exception_is_a_row() {
        let rows = rows();
        let distinct: BTreeSet<_> = rows.iter().collect();
        assert_eq!(distinct.len(), rows.len());
        for (table, name, reason) in OUT_OF_REACH.iter().chain(SELDOM) {
            let row = Row {
                table: *table,
                name,
            };
            assert!(distinct.contains(&row), "{row:?} is no row");
            assert!(!reason.is_empty());
        }
    }

    #[test]
    fn what_was_never_seen_is_named_and_what_cannot_be_is_not() {
        let nothing = shortfall(&Stats::default());
        assert_eq!(
            nothing.len(),
            rows().len() - OUT_OF_REACH.len() - SELDOM.len()
        );
        assert!(nothing.contains(&"fault: partition: never seen".to_owned()));
    }

    #[test]
    fn what_is_listed_as_out_of_reach_and_is_seen_is_named() {
        let (table, name, _) = OUT_OF_REACH[0];
        let mut stats = Stats::default();
        for row in rows() {
            stats.note(row, 1);
        }
        let wrong = shortfall(&stats);
        assert_eq!(wrong.len(), OUT_OF_REACH.len());
        let row = format!("{}: {name}: seen, though", table.name());
        assert!(wrong.iter().any(|wrong| wrong.starts_with(&row)), "{row}");
    }
}
