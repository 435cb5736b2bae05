//! What operators agree on: objects, of a few kinds, changed one at a time or not at all.
//!
//! A kind is one file here, with its type, its key, its limit, and what may become of it. A line in the
//! table below makes everything else: its part of the state and of snapshots, its commands, its events
//! (`docs/add-a-kind.md`).

mod change;
mod kind;
mod object;

pub use change::{Change, ObjectCommand, Operator};
pub use object::{Object, Registered, Revision, Stored, Table};

kind::objects! {
    // In the order in which a snapshot is put together again: what others refer to comes first.
    subnet::SubnetConfig = 1, subnets, "subnet", "subnets";
    reservation::Reservation = 2, reservations, "reservation", "reservations";
    source_nat::SourceNatRule = 3, source_nat, "source NAT rule", "source NAT rules";
    forward::Forward = 4, forwards, "port forward", "port forwards";
}
