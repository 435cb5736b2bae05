//! Others' chains, and whether they drop our traffic.
//!
//! In: others' rules as the kernel holds them, and [`Probe`]s: what a packet of ours looks like. Out:
//! problems. Pure. A chain is followed as the kernel would, with every step that is known here; where a
//! step is not, both ways are taken, and a problem is said only if every way ends in a drop: an alarm must not be
//! false (S11).

mod packet;
mod registers;

pub use packet::{Probe, Traffic};

use crate::image::{ChainImage, Expression, RuleImage};
use packet::Position;
use registers::Registers;

/// A chain of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignChain {
    /// `NFPROTO_*`.
    pub family: u8,
    /// Its table.
    pub table: String,
    /// The chain.
    pub chain: ChainImage,
}

/// How deep jumps are followed: the kernel's own limit (`NFT_JUMP_STACK_SIZE`).
const MAX_DEPTH: u32 = 16;
/// How many steps are looked at for one probe; beyond, nothing is said.
const MAX_STEPS: u32 = 200_000;

/// Where packets may end up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    dropped: bool,
    accepted: bool,
    /// Goes on behind the chain.
    falls: bool,
}

/// What a rule does.
enum Fate {
    Passed,
    Drop,
    Accept,
    Return,
    Jump(String),
    Goto(String),
    Unknown,
}

/// Whether a rule matches.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matches {
    Yes,
    No,
    Maybe,
}

/// What is dropped by whom.
pub(super) fn problems(chains: &[ForeignChain], probes: &[Probe]) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    for probe in probes {
        for base in chains {
            let Some((at, policy_drops)) = seen(base, probe) else {
                continue;
            };
            let mut walk = Walk {
                chains,
                base,
                probe,
                at,
                steps: 0,
            };
            let ends = walk.chain(&base.chain, 0);
            let dropped = ends.dropped || ends.falls && policy_drops;
            let passes = ends.accepted || ends.falls && !policy_drops;
            if dropped && !passes && walk.steps <= MAX_STEPS {
                problems.push(problem(base, probe));
            }
        }
    }
    problems
}

fn problem(base: &ForeignChain, probe: &Probe) -> String {
    let family = match i32::from(base.family) {
        libc::NFPROTO_INET => "inet",
        _ => "ip",
    };
    format!(
        "chain {} of table {family} {}, which is not gatewayd's, drops {}: have it accept {}, or ask \
         whoever made it (see `nft list table {family} {}`)",
        base.chain.name, base.table, probe.what, probe.rule, base.table
    )
}

/// Where the chain sees the probe, if it does, and whether its policy is to drop.
fn seen(one: &ForeignChain, probe: &Probe) -> Option<(Position, bool)> {
    let families = [libc::NFPROTO_INET, libc::NFPROTO_IPV4];
    let base = one.chain.base.as_ref()?;
    let at = Position {
        hook: i32::try_from(base.hook).ok()?,
        priority: base.priority,
    };
    let sees = families.contains(&i32::from(one.family)) && base.kind != "nat";
    (sees && probe.passes(at.hook)).then_some((at, base.policy == libc::NF_DROP as u32))
}

/// One probe on its way through one base chain.
struct Walk<'a> {
    chains: &'a [ForeignChain],
    base: &'a ForeignChain,
    probe: &'a Probe,
    at: Position,
    steps: u32,
}

impl Walk<'_> {
    fn chain(&mut self, chain: &ChainImage, depth: u32) -> Ends {
        let mut ends = Ends::default();
        for rule in &chain.rules {
            let (matches, fate) = self.rule(rule);
            if matches == Matches::No {
                continue;
            }
            let sure = matches == Matches::Yes;
            let here = self.follow(fate, depth);
            ends.dropped |= here.ends.dropped;
            ends.accepted |= here.ends.accepted;
            ends.falls |= here.leaves;
            if sure && !here.ends.falls {
                return ends;
            }
        }
        ends.falls = true;
        ends
    }

    fn follow(&mut self, fate: Fate, depth: u32) -> Followed {
        let ends = |dropped, accepted, falls| Followed {
            ends: Ends {
                dropped,
                accepted,
                falls,
            },
            leaves: false,
        };
        match fate {
            Fate::Passed => ends(false, false, true),
            Fate::Drop => ends(true, false, false),
            Fate::Accept => ends(false, true, false),
            Fate::Unknown => ends(false, true, true),
            Fate::Return => Followed {
                leaves: true,
                ..ends(false, false, false)
            },
            Fate::Jump(name) => Followed {
                ends: self.named(&name, depth),
                leaves: false,
            },
            Fate::Goto(name) => {
                let there = self.named(&name, depth);
                Followed {
                    leaves: there.falls,
                    ends: Ends {
                        falls: false,
                        ..there
                    },
                }
            }
        }
    }

    fn named(&mut self, name: &str, depth: u32) -> Ends {
        let base = self.base;
        let found = self.chains.iter().find(|one| {
            one.family == base.family && one.table == base.table && one.chain.name == name
        });
        match found {
            Some(found) if depth < MAX_DEPTH => self.chain(&found.chain, depth + 1),
            _ => Ends {
                accepted: true,
                falls: true,
                dropped: false,
            },
        }
    }

    fn rule(&mut self, rule: &RuleImage) -> (Matches, Fate) {
        let mut registers = Registers::default();
        let mut matches = Matches::Yes;
        for step in rule {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return (Matches::Maybe, Fate::Unknown);
            }
            match step {
                Expression::Verdict { code, chain } => {
                    return (matches, fate(*code, chain.as_ref()));
                }
                Expression::Foreign { name } if rejects(name) => return (matches, Fate::Drop),
                Expression::Compare { from, op, value } => {
                    match registers.compare(*from, *op, value) {
                        Some(true) => {}
                        Some(false) => return (Matches::No, Fate::Passed),
                        None => matches = Matches::Maybe,
                    }
                }
                // A verdict map over the connection's state speaks of others than new ones.
                Expression::Lookup { to: Some(0), .. } if registers.last_was_state() => {
                    if self.probe.is_new() {
                        return (Matches::No, Fate::Passed);
                    }
                    return (Matches::Maybe, Fate::Accept);
                }
                Expression::Lookup { to: Some(0), .. } => return (Matches::Maybe, Fate::Unknown),
                Expression::Lookup { .. } => {
                    registers.forget();
                    matches = Matches::Maybe;
                }
                Expression::Foreign { name } if hands_over(name) => {
                    return (matches, Fate::Unknown);
                }
                Expression::Foreign { name } if is_harmless(name) => {}
                Expression::Foreign { name } if name.starts_with("target ") => {
                    return (Matches::Maybe, Fate::Unknown);
                }
                Expression::Foreign { .. } => {
                    registers.forget();
                    matches = Matches::Maybe;
                }
                other => registers.step(other, self.probe, self.at),
            }
        }
        (matches, Fate::Passed)
    }
}

/// Where a rule's verdict leads, and whether it may leave the chain.
struct Followed {
    ends: Ends,
    leaves: bool,
}

fn fate(code: i32, chain: Option<&String>) -> Fate {
    match (code, chain) {
        (libc::NF_ACCEPT, _) => Fate::Accept,
        (libc::NF_DROP, _) => Fate::Drop,
        (libc::NFT_RETURN, _) => Fate::Return,
        (libc::NFT_CONTINUE, _) => Fate::Passed,
        (libc::NFT_JUMP, Some(chain)) => Fate::Jump(chain.clone()),
        (libc::NFT_GOTO, Some(chain)) => Fate::Goto(chain.clone()),
        _ => Fate::Unknown,
    }
}

/// Steps that match always and go on.
fn is_harmless(name: &str) -> bool {
    const HARMLESS: [&str; 11] = [
        "log",
        "notrack",
        "last",
        "counter",
        "target LOG",
        "target NFLOG",
        "target MARK",
        "target CONNMARK",
        "target CT",
        "target CHECKSUM",
        "target TCPMSS",
    ];
    HARMLESS.contains(&name)
}

/// Steps that give a packet to somebody else, who may accept it.
fn hands_over(name: &str) -> bool {
    matches!(name, "queue" | "synproxy" | "tproxy")
}

/// Steps that end a packet.
fn rejects(name: &str) -> bool {
    matches!(name, "reject" | "target REJECT" | "target DROP")
}

#[cfg(test)]
mod tests;
