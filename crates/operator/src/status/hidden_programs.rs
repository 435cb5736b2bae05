//! Programs of hosts that a forward hides: they began to listen after it was added, or it was added by force.
//!
//! What comes to such a port of a host with an uplink goes to the forward's target.

use ipam::{ForwardKey, Listener, NodeId, State};
use std::collections::BTreeMap;

/// How many are named one by one.
const SHOWN: usize = 4;

/// One line for each such forward, and one for those that are too many to name.
pub(super) fn notices(state: &State) -> Vec<String> {
    let forwards = &state.objects().forwards;
    // A host reports few ports, and there may be many forwards.
    let programs = state.nodes().values().flat_map(|node| {
        let others = node.listeners.iter();
        let others = others.filter(|(_, listener)| **listener == Listener::Other);
        others.map(|(key, _)| (*key, node.node))
    });
    let hidden = programs.filter(|(key, _)| forwards.contains_key(key));
    lines(&hidden.collect())
}

fn lines(hidden: &BTreeMap<ForwardKey, NodeId>) -> Vec<String> {
    let named = hidden.iter().take(SHOWN).map(|(key, node)| {
        format!(
            "{key} is forwarded, and a program on node {node}'s host listens there: by an uplink nobody reaches \
             it. Give it another port, or run `gatewayctl forward remove {} {}`",
            key.protocol.name(),
            key.port
        )
    });
    let more = hidden.len().saturating_sub(SHOWN);
    let rest = (more > 0).then(|| format!("{more} more forwards hide programs of hosts"));
    named.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipam::Protocol;

    fn hidden(ports: u16) -> BTreeMap<ForwardKey, NodeId> {
        let key = |port| ForwardKey {
            protocol: Protocol::Tcp,
            port,
        };
        (1..=ports).map(|port| (key(port), NodeId(2))).collect()
    }

    #[test]
    fn programs_that_forwards_hide_are_named_and_their_number_is_bounded() {
        assert!(lines(&hidden(0)).is_empty());
        let one = lines(&hidden(1));
        assert_eq!(one.len(), 1);
        assert!(one[0].contains("node 2's host"), "{one:?}");
        assert!(one[0].contains("forward remove tcp 1`"), "{one:?}");
        let many = lines(&hidden(10));
        assert_eq!(many.len(), SHOWN + 1);
        assert!(many[SHOWN].starts_with("6 more"), "{many:?}");
    }
}
