//! Deliberate bugs, to see that tests and the simulation find them (house rule 13).
//!
//! * **What it is.** The list of them ([`ALL`]), and at run time the choice of one: by [`select`], or by the
//!   environment variable `GATEWAYD_MUTATION`.
//! * **What it is not.** A part of the product. There, a deliberate bug is a comment at its place,
//!   `//~ mutant NAME: STATEMENT`, and no crate of the product depends on this one. `xtask` makes code of the comments
//!   in a copy of the tree, and only there does somebody ask [`on`] (docs/testing/mutations.md).
//! * **Invariants.** The choice is the process's: one bug at a time. Where the bugs are not built in, none can be
//!   chosen.

mod list;
mod selection;

pub use list::{ALL, Mutation};
pub use selection::{SelectError, every_fourth_time, on, select};
