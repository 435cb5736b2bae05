//! What a change of the members must not do. Pure.

use super::add::Asked;
use super::error::MembershipError;
use super::peer_address;
use ipam::NodeId;
use ipam::budget::MAX_NODES;
use std::collections::{BTreeMap, BTreeSet};

/// The members as they are.
#[derive(Clone, Debug)]
pub(super) struct Members {
    /// All of them, with their peer addresses.
    pub(super) all: BTreeMap<NodeId, String>,
    /// Those that vote.
    pub(super) voters: BTreeSet<NodeId>,
}

/// A member that comes back empty has lost its votes and its log: were it let in under its old
/// id, it could vote twice in one term, and acknowledged leases could be lost (S2).
pub(super) fn check_newcomer(
    members: &Members,
    node: NodeId,
    peer_address: &str,
    asked: &Asked,
) -> Result<(), MembershipError> {
    if node.0 == 0 {
        return Err(MembershipError::Rejected(
            "node id 0 is not allowed: use 1 or more".to_owned(),
        ));
    }
    peer_address::check(peer_address).map_err(MembershipError::Rejected)?;
    if members.all.len() >= MAX_NODES && !members.all.contains_key(&node) {
        return Err(MembershipError::Rejected(format!(
            "the cluster has {MAX_NODES} members already: remove one first"
        )));
    }
    if let Some((other, _)) = members
        .all
        .iter()
        .find(|(id, address)| **id != node && *address == peer_address)
    {
        return Err(MembershipError::Rejected(format!(
            "node {other} already has the peer address {peer_address}"
        )));
    }
    match members.all.get(&node) {
        Some(address) if address != peer_address => Err(MembershipError::Rejected(format!(
            "node {node} is a member at {address}, not at {peer_address}: if it has moved, start it with \
             its data and it announces itself; if it is another, choose another id"
        ))),
        Some(_) if asked.joins && !asked.has_data && members.voters.contains(&node) => {
            Err(MembershipError::Rejected(format!(
                "node {node} is a member already, but comes with an empty data directory: \
             if it lost its data, run `gatewayctl node remove {node}` first"
            )))
        }
        Some(_) if !asked.joins && members.voters.contains(&node) => {
            Err(MembershipError::Rejected(format!(
                "node {node} is a member already, and does not answer with its data: start it with them; \
             if it lost them, run `gatewayctl node remove {node}` first"
            )))
        }
        _ => Ok(()),
    }
}

/// Refuses an address that another member has.
pub(super) fn require_free(
    members: &BTreeMap<NodeId, String>,
    node: NodeId,
    peer_address: &str,
) -> Result<(), MembershipError> {
    let holder = members
        .iter()
        .find(|(other, address)| **other != node && *address == peer_address);
    match holder {
        Some((other, _)) => Err(MembershipError::Rejected(format!(
            "node {other} has the peer address {peer_address}: give node {node} its own \
             (GATEWAY_PEER_LISTEN)"
        ))),
        None => Ok(()),
    }
}

/// Refuses the removal of `leaving` if fewer than a majority of the other `voters` keep up.
pub(super) fn quorum_without(
    leaving: NodeId,
    voters: &BTreeSet<NodeId>,
    keep_up: &BTreeSet<NodeId>,
) -> Result<(), MembershipError> {
    let staying = voters.iter().filter(|voter| **voter != leaving);
    let (up, down): (Vec<&NodeId>, Vec<_>) = staying.partition(|voter| keep_up.contains(voter));
    let quorum = (up.len() + down.len()) / 2 + 1;
    if up.len() >= quorum {
        return Ok(());
    }
    let down: Vec<String> = down.iter().map(ToString::to_string).collect();
    Err(MembershipError::Rejected(format!(
        "node {leaving} is needed: without it only {} of {} voters would keep up, {quorum} are needed, and \
         the cluster would stop. First start what is down, or remove that: node {}",
        up.len(),
        up.len() + down.len(),
        down.join(", node ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ids: &[u64]) -> BTreeSet<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    fn refusal(leaving: u64, voters: &[u64], keep_up: &[u64]) -> Option<String> {
        quorum_without(NodeId(leaving), &nodes(voters), &nodes(keep_up))
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn a_voter_goes_while_the_others_have_a_quorum() {
        assert_eq!(refusal(2, &[1, 2, 3], &[1, 2, 3]), None);
        assert_eq!(refusal(2, &[1, 2], &[1, 2]), None);
        assert_eq!(refusal(2, &[1, 2, 3, 4], &[1, 2, 3]), None);
    }

    #[test]
    fn whoever_is_down_can_always_go() {
        for down in 2..=9 {
            let voters: Vec<u64> = (1..=down).collect();
            for up in voters.len() / 2 + 1..voters.len() {
                assert_eq!(refusal(down, &voters, &voters[..up]), None);
            }
        }
    }

    #[test]
    fn whoever_is_needed_stays() {
        let refused = refusal(2, &[1, 2, 3], &[1, 2]).expect("a refusal");
        assert!(
            refused.contains("only 1 of 2 voters would keep up"),
            "{refused}"
        );
        assert!(refused.contains("remove that: node 3"), "{refused}");
        let refused = refusal(3, &[1, 2, 3, 4, 5], &[1, 2, 3]).expect("a refusal");
        assert!(refused.contains("node 4, node 5"), "{refused}");
    }

    fn newcomer(node: u64, address: &str, asked: &Asked) -> Option<String> {
        let address_of = |id| (NodeId(id), format!("10.0.0.{id}:7066"));
        let members = Members {
            all: (1..=4).map(address_of).collect(),
            voters: nodes(&[1, 2, 3]),
        };
        let checked = check_newcomer(&members, NodeId(node), address, asked);
        checked.err().map(|error| error.to_string())
    }

    #[test]
    fn check_newcomer_table() {
        let added = Asked::default();
        let empty = Asked {
            joins: true,
            ..Asked::default()
        };
        let with_data = Asked {
            has_data: true,
            ..empty.clone()
        };
        let table = [
            (5, "10.0.0.5:7066", &added, ""),
            (5, "10.0.0.5:7066", &empty, ""),
            (4, "10.0.0.4:7066", &empty, ""),
            (3, "10.0.0.3:7066", &with_data, ""),
            (0, "10.0.0.5:7066", &added, "not allowed"),
            (5, "10.0.0.5", &added, "no peer address"),
            (5, "10.0.0.3:7066", &added, "node 3 already has"),
            (3, "10.0.0.9:7066", &empty, "is a member at 10.0.0.3:7066"),
            (3, "10.0.0.3:7066", &empty, "empty data directory"),
            (3, "10.0.0.3:7066", &added, "does not answer with its data"),
        ];
        for (node, address, asked, expected) in table {
            let refusal = newcomer(node, address, asked);
            assert_eq!(refusal.is_none(), expected.is_empty(), "{node} {refusal:?}");
            let said = refusal.unwrap_or_default();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn require_free_address_of_another_member_is_refused() {
        let members = BTreeMap::from([(NodeId(1), "a:1".to_owned())]);
        assert_eq!(require_free(&members, NodeId(1), "a:1"), Ok(()));
        assert_eq!(require_free(&members, NodeId(2), "b:1"), Ok(()));
        assert!(require_free(&members, NodeId(2), "a:1").is_err());
    }
}
