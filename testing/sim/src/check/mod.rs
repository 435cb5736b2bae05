//! Checkers: one file for each promise of the lease contract.
//!
//! * **What it is.** [`Judge`] is told, in the order of true time, what clients, nodes and operators
//!   did, and compares it with the contract. Every checker is plain data in, verdict out.
//! * **What it is not.** It knows no network, disk or seed, and never reads the product's opinion of
//!   itself where it can judge from the facts; `ipam`'s own invariants are asked as well.
//! * **Invariants.** A clean history has no verdict; each file's planted violations have one
//!   (`tests`).
//!
//! | | judged from |
//! |---|---|
//! | S1, S3 | what clients hold, by their own counting |
//! | S2 | replies beside what their node had applied; grants that vanish; entries that are replaced |
//! | S4, S5, S7, S9, L5, T4 | what changes from one state of the cluster to the next |
//! | S6, L2, L4, L6, T6 | replies beside the requests that they answer, and beside who uses what |
//! | S8, T1 | every node's state after every entry |
//! | T2, T3 | the clock against a line in true time |
//! | L1, L3 | clients that wait, once everything is healed, and when a single node is lost then |
//! | S11 | what nodes say of themselves, beside what is wrong with them (`status`) |
//! | S12 | calls between clusters, and the cluster that each node's state names |
//! | S9 | the kernels of the hosts as well, after every step (`s9_kernel`) |
//! | NAT | every node's kernel at the end |

mod facts;
mod holdings;
mod judge;
mod l1;
mod l2;
mod l3;
mod l4;
mod l5;
mod l6;
mod pace;
mod peace;
mod rulesets;
mod s1;
mod s12;
mod s2;
mod s3;
mod s4;
mod s5;
mod s6;
mod s7;
mod s8;
mod s9;
mod s9_kernel;
mod states;
mod status;
mod t1;
mod t2;
mod t4;
mod t6;
mod violation;

pub use facts::{End, Replied};
pub use judge::Judge;
pub use l1::BOUND as SERVED_WITHIN;
pub use pace::Pace;
pub use peace::Loss;
pub use s9_kernel::Opened;
pub use s12::ClusterName;
pub use status::Shown;
pub use violation::{Promises, Verdict, Violation};

#[cfg(test)]
mod tests;
