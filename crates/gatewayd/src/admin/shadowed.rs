//! Programs of hosts that a forward hides: they began to listen after it was added, or it was added by force.
//!
//! What comes in by the uplink for such a port goes to the forward's target, on every host.

use ipam::{ForwardKey, PortUse, State};

/// How many are named one by one.
const SHOWN: usize = 4;

/// One line for each such forward, and one for those that are too many to name.
pub fn notices(state: &State) -> Vec<String> {
    let forwards = state.nat().forwards.keys();
    lines(forwards.filter_map(|key| Some((*key, state.port_use(*key)?))))
}

fn lines(forwards: impl Iterator<Item = (ForwardKey, PortUse)>) -> Vec<String> {
    let hidden: Vec<_> = forwards
        .filter_map(|(key, used)| match used {
            PortUse::Program(node) => Some((key, node)),
            _ => None,
        })
        .collect();
    let named = hidden.iter().take(SHOWN).map(|(key, node)| {
        format!(
            "{key} is forwarded, and a program on node {node}'s host listens there: by the uplink nobody reaches \
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
    use ipam::{NodeId, Protocol};

    fn forwards(used: PortUse, ports: u16) -> impl Iterator<Item = (ForwardKey, PortUse)> {
        let key = |port| ForwardKey {
            protocol: Protocol::Tcp,
            port,
        };
        (1..=ports).map(move |port| (key(port), used))
    }

    #[test]
    fn programs_that_forwards_hide_are_named_and_their_number_is_bounded() {
        let lines = |used, ports| lines(forwards(used, ports));
        let one = lines(PortUse::Program(NodeId(2)), 1);
        assert_eq!(one.len(), 1);
        assert!(one[0].contains("node 2's host"), "{one:?}");
        assert!(one[0].contains("forward remove tcp 1`"), "{one:?}");
        let many = lines(PortUse::Program(NodeId(2)), 10);
        assert_eq!(many.len(), SHOWN + 1);
        assert!(many[SHOWN].starts_with("6 more"), "{many:?}");
        assert!(lines(PortUse::Ssh, 1).is_empty(), "asked for by force");
    }
}
