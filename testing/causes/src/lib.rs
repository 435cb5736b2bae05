//! What must have happened for a node to say that it does not serve, or that its NAT does not work (contract
//! S11, ST2).
//!
//! * **What it is.** Two tables: a part of what the node says, and the troubles that make it true. The simulation
//!   and the fault tests judge by the same first one, each with troubles that it has seen by itself. The other is
//!   the fault tests': the simulation has no kernels.
//! * **What it is not.** Part of the product: a node that judged itself by this would be its own witness.
//! * **Invariants.** A reason that is not in the table is one of which nobody has said what its cause is: it
//!   fails. Depends on nothing.

mod nat;
mod table;

pub use nat::NAT_CAUSES;
pub use table::CAUSES;

/// What is wrong with a node, or has just changed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It is not up.
    Down,
    /// It stands still.
    Paused,
    /// Its disk refuses something.
    DiskFails,
    /// Its disk takes long.
    DiskSlow,
    /// Its disk has gone back.
    DiskWentBack,
    /// A peer does not reach it, or it no peer, or what is sent to it is late or lost.
    Network,
    /// What it sends, or is sent, is late by less than a second.
    Late,
    /// An address of its own, or the interface that has it, is gone or another than before.
    Address,
    /// It is no member, as the newest leader has it.
    NoMember,
    /// An operator removes it.
    Removal,
    /// Nobody leads, or another one than before.
    Election,
    /// Its host's uplink is gone, switched off, has another name or no address.
    Uplink,
    /// Its host does not forward what comes in by one of its interfaces.
    Forwarding,
    /// Rules that are not its own drop what its host forwards.
    ForeignRules,
    /// An operator gives it another configuration.
    Reconfigured,
    /// There is another cluster on the peers' network.
    Stranger,
}

/// How long ago it may have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long that its traces are not gone yet.
    Lately,
    /// At any time.
    Ever,
}

/// A reason's cause.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// What its text has in it.
    pub says: &'static str,
    /// One of these, at the node itself.
    pub own: &'static [Trouble],
    /// Or one of these, at any node.
    pub anybodys: &'static [Trouble],
    /// How long ago.
    pub when: When,
}

/// The cause of what a node says of why it does not serve. Several parts of a node may each say what they lack: the first row that fits
/// counts.
#[must_use]
pub fn cause_of(reason: &str) -> Option<&'static Cause> {
    row_of(CAUSES, reason)
}

/// The cause of what a node says of its NAT: each blocker is of one thing.
#[must_use]
pub fn nat_cause_of(problem: &str) -> Option<&'static Cause> {
    row_of(NAT_CAUSES, problem)
}

fn row_of(table: &'static [Cause], said: &str) -> Option<&'static Cause> {
    table.iter().find(|cause| said.contains(cause.says))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_found_by_what_it_says() {
        for table in [CAUSES, NAT_CAUSES] {
            for cause in table {
                let found = row_of(table, cause.says).map(|found| found.says);
                assert_eq!(found, Some(cause.says), "a row before it hides it");
            }
        }
    }

    #[test]
    fn what_nobody_has_explained_has_no_cause() {
        assert!(cause_of("something that nobody has heard of").is_none());
        assert!(nat_cause_of("NAT: something that nobody has heard of").is_none());
    }
}
