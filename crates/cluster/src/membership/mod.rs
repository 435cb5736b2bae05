//! Who the members are, and how they change: by the leader alone, one change at a time.
//!
//! * **One file a verb**: [`add`], [`remove`], [`relocation`], [`leave_joint_config`], [`transfer_leadership`];
//!   [`change_member`] has the leader do it where another node is asked. What they have in common is in
//!   [`changes`], what they must not do in [`rules`] (pure).
//! * **In and out.** In: what operators, newcomers and members that moved ask. Out: changes of Raft's membership
//!   ([`raft_changes`]) and commands. Why not, a [`MembershipError`] says.
//! * **Cancel safety.** Who asked may go away; a change that has begun goes on.

mod add;
mod change_lock;
mod change_member;
mod changes;
mod error;
mod learner;
mod leave_joint_config;
pub(crate) mod peer_address;
mod raft_changes;
mod relocation;
mod remove;
mod removed;
mod rules;
mod transfer_leadership;

pub(crate) use add::{AddMember, Asked};
#[cfg(test)]
pub(crate) use change_lock::MAX_JOINS;
pub(crate) use change_member::{ChangeMember, MemberChange, NOT_DONE};
pub(crate) use changes::Changes;
pub use error::MembershipError;
pub(crate) use leave_joint_config::{LeaveJointConfig, run as leave_joint_configs};
pub(crate) use raft_changes::ChangeMembers;
pub(crate) use relocation::{Relocation, run as announce_again};
pub(crate) use remove::RemoveMember;
pub(crate) use removed::{RemovedMembers, SeenKeys};
pub(crate) use transfer_leadership::{Heir, LeadershipTransfer};
