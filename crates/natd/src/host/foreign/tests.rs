//! What no `nft` writes: rules as iptables-nft makes them.

use super::*;
use crate::image::BaseChain;
use ipam::Ipv4Network;
use std::net::Ipv4Addr;

fn probes() -> Vec<Probe> {
    let network = Ipv4Network::new(Ipv4Addr::new(10, 15, 3, 0), 24).expect("a network");
    Probe::outbound("lan", "wan", network).into()
}

fn named(name: &str) -> Expression {
    Expression::Foreign {
        name: name.to_owned(),
    }
}

/// As `iptables-nft -P FORWARD …; iptables-nft -A FORWARD …`.
fn forward_chain(policy: i32, rules: Vec<RuleImage>) -> [ForeignChain; 1] {
    let base = BaseChain {
        kind: "filter".to_owned(),
        hook: libc::NF_INET_FORWARD as u32,
        priority: 0,
        policy: policy as u32,
    };
    [ForeignChain {
        family: libc::NFPROTO_IPV4 as u8,
        table: "filter".to_owned(),
        chain: ChainImage {
            name: "FORWARD".to_owned(),
            base: Some(base),
            flags: 0,
            rules,
        },
    }]
}

#[test]
fn problems_of_a_reject_target_are_said() {
    let rejecting = vec![Expression::Counter, named("target REJECT")];
    let found = problems(&forward_chain(libc::NF_ACCEPT, vec![rejecting]), &probes());
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn problems_behind_a_target_that_is_not_known_are_not_said() {
    for (target, said) in [("LOG", 2), ("MARK", 2), ("NFQUEUE", 0), ("SET", 0)] {
        let rule = vec![Expression::Counter, named(&format!("target {target}"))];
        let found = problems(&forward_chain(libc::NF_DROP, vec![rule]), &probes());
        assert_eq!(found.len(), said, "{target}: {found:?}");
    }
}

/// A match of iptables may hold or not: what it accepts may pass.
#[test]
fn problems_behind_a_match_that_is_not_known_are_not_said() {
    let accept = Expression::Verdict {
        code: libc::NF_ACCEPT,
        chain: None,
    };
    let rule = vec![named("match"), Expression::Counter, accept];
    let found = problems(&forward_chain(libc::NF_DROP, vec![rule]), &probes());
    assert!(found.is_empty(), "{found:?}");
}

/// A program on the queue decides; a limit that is an object of its own holds or not.
#[test]
fn problems_that_others_decide_are_not_said() {
    let drop = Expression::Verdict {
        code: libc::NF_DROP,
        chain: None,
    };
    for (policy, rule) in [
        (libc::NF_DROP, vec![named("queue")]),
        (libc::NF_DROP, vec![named("synproxy")]),
        (libc::NF_ACCEPT, vec![named("objref"), drop]),
    ] {
        let found = problems(&forward_chain(policy, vec![rule]), &probes());
        assert!(found.is_empty(), "{found:?}");
    }
}
