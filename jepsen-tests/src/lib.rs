//! Fault tests of the running cluster, in the manner of Jepsen.
//!
//! A run (workload, nemesis, real `gatewayd` processes in the lab) writes a [`history`]: what clients
//! and operators asked, what came of it, which faults were on, what the nodes looked like. The
//! checkers ([`check`]) read nothing but that file, so that any history can be judged again, by these
//! or by Jepsen's own tools. [`timeline`] draws it.
//!
//! ```text
//! workload ──┐                                ┌─► check ─► verdict
//! nemesis ───┼─► Recorder ─► history.edn ─────┤
//! observer ──┘                                └─► timeline ─► SVG
//! ```

pub mod check;
pub mod history;
pub mod timeline;
