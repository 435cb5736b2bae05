//! Members that were removed: a key that was dropped never comes back (contract S12).
//!
//! * **What flows in and out.** In: the members before and after a change of membership, as it is
//!   applied. Out: whether somebody is one that was removed.
//! * **Keys.** A member with a certificate is known by its key; its id may come back with another key.
//!   Without a key there is only the id, and that may come back when the membership names it again.

use crate::{NodeId, State};
use alloc::vec::Vec;

/// How many removed members are remembered; the oldest are forgotten. A cluster has at most 64 members.
pub const MAX_REMOVED: usize = 256;

/// SHA-256 of the public key (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7) in a member's certificate.
pub type KeyHash = [u8; 32];

/// A member, and what it proves itself by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberKey {
    /// The member.
    pub node: NodeId,
    /// Its key; `None` for one that was added without TLS, or by an older release.
    pub key: Option<KeyHash>,
}

/// Removed members, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemovedMembers(Vec<MemberKey>);

impl RemovedMembers {
    /// Removed members as a snapshot has them, of which the newest [`MAX_REMOVED`] are kept.
    #[must_use]
    pub fn new(mut members: Vec<MemberKey>) -> Self {
        members.drain(..members.len().saturating_sub(MAX_REMOVED));
        Self(members)
    }

    /// The oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[MemberKey] {
        &self.0
    }

    /// Whether the holder of `caller.key`, which says that it is `caller.node`, was removed.
    /// `is_member` says whether the membership names that node now.
    #[must_use]
    pub fn contains(&self, caller: MemberKey, is_member: bool) -> bool {
        self.0
            .iter()
            .any(|removed| match (removed.key, caller.key) {
                (Some(removed), Some(key)) => removed == key,
                _ => removed.node == caller.node && !is_member,
            })
    }

    /// Whether this key was removed with a member.
    #[must_use]
    pub fn has_key(&self, key: &KeyHash) -> bool {
        self.0
            .iter()
            .any(|removed| removed.key.as_ref() == Some(key))
    }

    fn change(&mut self, before: &[MemberKey], after: &[MemberKey]) {
        for member in before {
            let stays = after.iter().any(|other| match member.key {
                Some(_) => other.key == member.key,
                None => other.node == member.node,
            });
            if !stays && !self.0.contains(member) {
                self.0.push(*member);
            }
        }
        // Without a key, an id is all there is, and it was added again.
        self.0.retain(|removed| {
            removed.key.is_some() || !after.iter().any(|member| member.node == removed.node)
        });
        let excess = self.0.len().saturating_sub(MAX_REMOVED);
        self.0.drain(..excess);
    }
}

impl State {
    /// Members that were removed.
    #[must_use]
    pub const fn removed(&self) -> &RemovedMembers {
        &self.removed
    }

    /// To be called when a membership entry is applied, with the members before it and after.
    pub fn change_members(&mut self, before: &[MemberKey], after: &[MemberKey]) {
        self.removed.change(before, after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn member(node: u64, key: Option<u8>) -> MemberKey {
        MemberKey {
            node: NodeId(node),
            key: key.map(|key| [key; 32]),
        }
    }

    fn after(changes: &[&[MemberKey]]) -> State {
        let mut state = State::default();
        for pair in changes.windows(2) {
            state.change_members(pair[0], pair[1]);
        }
        state
    }

    #[test]
    fn a_dropped_key_never_comes_back_and_its_id_may() {
        let (old, new) = (member(3, Some(3)), member(3, Some(33)));
        let one = member(1, Some(1));
        let removed = after(&[&[one, old], &[one]]);
        let is_removed = |state: &State, who, is_member| state.removed().contains(who, is_member);
        assert!(is_removed(&removed, old, false));
        assert!(!is_removed(&removed, new, false));
        assert!(!is_removed(&removed, one, true));
        // Under another name, and whatever the membership says.
        assert!(is_removed(&removed, member(4, Some(3)), false));
        let back = after(&[&[one, old], &[one], &[one, new]]);
        assert!(is_removed(&back, old, true));
        assert!(!is_removed(&back, new, true));
        // Without a certificate it is refused while its id is no member's.
        assert!(is_removed(&removed, member(3, None), false));
        assert!(!is_removed(&back, member(3, None), true));
    }

    #[test]
    fn a_replaced_key_is_a_dropped_one_and_a_kept_one_is_not() {
        let state = after(&[&[member(1, Some(1))], &[member(1, Some(2))]]);
        assert!(state.removed().has_key(&[1; 32]));
        let moved = after(&[&[member(1, Some(1))], &[member(2, Some(1))]]);
        assert!(!moved.removed().has_key(&[1; 32]));
        // A key that becomes known drops nobody.
        let learnt = after(&[&[member(1, None)], &[member(1, Some(1))]]);
        assert_eq!(learnt.removed().as_slice(), []);
    }

    #[test]
    fn without_a_key_an_id_is_refused_until_it_is_added_again() {
        let (one, two) = (member(1, None), member(2, None));
        let removed = after(&[&[one, two], &[one]]);
        assert!(removed.removed().contains(two, false));
        assert!(removed.removed().contains(member(2, Some(9)), false));
        let again = after(&[&[one, two], &[one], &[one, two]]);
        assert!(!again.removed().contains(two, true));
        assert_eq!(again.removed().as_slice(), []);
    }

    #[test]
    fn they_are_bounded_and_the_oldest_go() {
        let mut state = State::default();
        for number in 0..300_u16 {
            let [high, low] = number.to_be_bytes();
            let mut key = [0; 32];
            (key[0], key[1]) = (high, low);
            let node = NodeId(u64::from(number) + 1);
            state.change_members(
                &[MemberKey {
                    node,
                    key: Some(key),
                }],
                &[],
            );
        }
        assert_eq!(state.removed().as_slice().len(), MAX_REMOVED);
        assert!(!state.removed().has_key(&[0; 32]));
        let parts = vec![member(1, Some(1)); 300];
        assert_eq!(RemovedMembers::new(parts).as_slice().len(), MAX_REMOVED);
    }
}
