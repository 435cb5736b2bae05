//! Checkers: each takes a history and says whether a promise of the lease contract was kept in it.
//!
//! They read nothing but the history: not the nodes, not the run that wrote it. One file each, named
//! after the rule. All judge by what clients saw on their own clocks; where a moment is known only to
//! lie between two lines, they take the reading that accuses less. So what they find is a breach, and
//! they may miss some: what they surely find is planted under `tests/histories`.
//!
//! [`all`] runs them. A promise that nothing in a history puts to the test has the verdict
//! valid with nothing judged, and a report says so.

mod calm;
mod faults;
mod flows;
mod holds;
mod l1_renewals;
mod l2_silent;
mod l3_retransmissions;
mod l3_service;
mod l4_storm;
mod linear;
mod nat_flows;
mod report;
mod room;
mod rulesets;
mod s12_own_ports;
mod s1_exclusive;
mod s2_confirmed;
mod s2_durable;
mod s3_one_address;
mod s4_in_bounds;
mod s5_never_early;
mod s6_honest_no;
mod s7_only_the_owner;
mod s8_same_state;
mod s9_host_ports;
mod s9_linearizable;
mod s9_withdrawn;
mod spans;
mod st4_in_sync;
mod stats;
mod status;
mod table;
mod verdict;

pub use faults::{FaultSpan, Faults};
pub use holds::{Hold, Holds};
pub use linear::{Event, Linearity, Model, linearizable};
pub use report::Report;
pub use s9_host_ports::HOST_PORTS;
pub use stats::{Count, Stats};
pub use status::troubles_of;
pub use table::{Table, TableCall, TableModel};
pub use verdict::{Evidence, Place, Validity, Verdict, seconds};

use crate::history::History;

/// A history, and what several checkers make of it.
pub(crate) struct Case<'a> {
    history: &'a History,
    holds: Holds<'a>,
    faults: Faults,
}

/// What judges a case.
type Checker = fn(&Case<'_>) -> Verdict;

const CHECKERS: &[Checker] = &[
    s1_exclusive::check,
    s2_durable::check,
    s2_confirmed::check,
    s3_one_address::check,
    s4_in_bounds::check,
    s5_never_early::check,
    s6_honest_no::check,
    s7_only_the_owner::check,
    s8_same_state::check,
    s9_linearizable::reservations,
    s9_linearizable::forwards,
    s9_linearizable::members,
    s9_host_ports::check,
    s9_withdrawn::check,
    s12_own_ports::check,
    l1_renewals::check,
    l2_silent::check,
    l3_service::check,
    l3_retransmissions::check,
    l4_storm::check,
    rulesets::check,
    nat_flows::check,
    st4_in_sync::check,
    status::st1::check,
    status::st2::check,
    status::st3::check,
    status::st5::check,
];

/// The packets that may still be on their way after what they speak of has changed. Delays that the
/// nemesis adds are below it.
pub(crate) const LONGEST_FLIGHT: u64 = 5_000_000_000;

/// Runs all checkers.
pub fn all(history: &History) -> Report {
    let case = Case {
        history,
        holds: Holds::of(history),
        faults: Faults::of(history),
    };
    Report {
        verdicts: CHECKERS.iter().map(|check| check(&case)).collect(),
        stats: Stats::of(history),
    }
}
