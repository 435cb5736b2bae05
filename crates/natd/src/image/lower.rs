//! From the words of packets to the kernel's steps, the way `nft` compiles the same rules.
//!
//! In: [`Ruleset`]. Out: [`TableImage`]. Pure. One module for what a rule matches, one for what it
//! does, one for sets and maps; `steps` has what they share.

mod actions;
mod matches;
mod sets;
mod steps;

use super::{BaseChain, ChainImage, Expression, RuleImage, TableImage};
use crate::ruleset::{Chain, Hook, Rule, Ruleset};
use actions::action;
use matches::condition;

impl Ruleset {
    /// What the kernel holds when these rules are in force.
    #[must_use]
    pub fn image(&self) -> TableImage {
        TableImage {
            flags: 0,
            chains: self.chains.iter().map(chain).collect(),
            sets: sets::images(self),
        }
    }
}

fn chain(chain: &Chain) -> ChainImage {
    ChainImage {
        name: chain.name.to_owned(),
        base: chain.hook.map(base),
        flags: 0,
        rules: chain.rules.iter().map(rule).collect(),
    }
}

fn base(hook: Hook) -> BaseChain {
    let (kind, hook, priority) = match hook {
        Hook::DestinationNat => ("nat", libc::NF_INET_PRE_ROUTING, libc::NF_IP_PRI_NAT_DST),
        Hook::SourceNat => ("nat", libc::NF_INET_POST_ROUTING, libc::NF_IP_PRI_NAT_SRC),
        Hook::Forward => ("filter", libc::NF_INET_FORWARD, libc::NF_IP_PRI_FILTER),
        Hook::Input => ("filter", libc::NF_INET_LOCAL_IN, libc::NF_IP_PRI_FILTER),
    };
    BaseChain {
        kind: kind.to_owned(),
        hook: hook as u32,
        priority,
        policy: libc::NF_ACCEPT as u32,
    }
}

fn rule(rule: &Rule) -> RuleImage {
    let mut steps = Vec::new();
    for part in &rule.matches {
        steps.extend(condition(part));
    }
    steps.extend(action(&rule.action));
    steps
}
