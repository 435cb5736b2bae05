//! ST2: whatever a node names has its cause: a fault or an operation, at the right node, and not too long
//! ago. What nobody has explained yet ([`causes`], and the table below) fails.

use std::collections::BTreeSet;

use causes::Trouble::{
    self, Address, DiskFails, DiskSlow, DiskWentBack, Down, Election, Late, Network, NoMember,
    Paused, Removal,
};
use causes::{Cause, When, cause_of, nat_cause_of};

use super::troubles::Troubles;
use super::{Look, Looks};
use crate::check::verdict::seconds;
use crate::check::{Case, Evidence, Verdict};
use crate::history::{Amiss, Function, Setup, Told, Value};

/// A node's traces of a fault are gone when the others' are, and it takes some rounds more to say so.
const BESIDE: u64 = 10_000_000_000;

/// What makes it true that something is amiss with another member.
struct About {
    kind: &'static str,
    /// One of these, at that member.
    its: &'static [Trouble],
    /// Or one of these, at the node that says so.
    own: &'static [Trouble],
    /// Or one of these, at anybody.
    anybodys: &'static [Trouble],
}

/// An answer of a second ago does not count any more: a machine that is late by less makes a peer one that is
/// unreachable for a moment.
const FOR_A_MOMENT: &str = "unreachable for 0 s";

const ABOUT: &[About] = &[
    About {
        kind: "member_unreachable",
        its: &[Down, Paused, Network, NoMember, Address],
        own: &[Down, Paused, Network],
        anybodys: &[],
    },
    About {
        kind: "member_not_serving",
        its: &[
            Down,
            Paused,
            DiskFails,
            DiskSlow,
            DiskWentBack,
            Network,
            NoMember,
            Removal,
            Address,
        ],
        own: &[Down, Paused, Network],
        // Without a leader nobody serves.
        anybodys: &[Election],
    },
    About {
        kind: "member_not_voting",
        its: &[Down, NoMember, Removal],
        own: &[],
        anybodys: &[],
    },
];

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "what a node names as amiss has its cause";
    let looks = Looks::of(case);
    let troubles = Troubles::of(case, &looks);
    let within = case
        .history
        .setup()
        .map_or(Setup::SERVICE_WITHIN_MS, |setup| setup.service_within_ms);
    let bench = Bench {
        troubles,
        full_from: may_be_full_from(case),
        within: within.saturating_mul(1_000_000).saturating_add(BESIDE),
    };
    let mut said: BTreeSet<(&str, String)> = BTreeSet::new();
    let mut judged = 0;
    let mut evidence = Vec::new();
    for look in looks.all() {
        let (Some(node), Some(told)) = (look.line.node.as_deref(), &look.shown.told) else {
            continue;
        };
        for (statement, has_cause) in bench.statements(node, &look, told) {
            judged += 1;
            // It says so again and again.
            if let Err(lack) = has_cause
                && said.insert((node, statement.clone()))
            {
                let at = seconds(look.line.time);
                let text = format!("{node} says at {at}: {statement}: {lack}");
                evidence.push(Evidence::new(text, vec![look.line.index]));
            }
        }
    }
    Verdict::of("ST2", what, judged, evidence)
}

struct Bench {
    troubles: Troubles,
    full_from: Option<u64>,
    within: u64,
}

impl Bench {
    /// All that a node says is amiss, and whether it has its cause.
    fn statements(
        &self,
        node: &str,
        look: &Look<'_>,
        told: &Told,
    ) -> Vec<(String, Result<(), String>)> {
        let reason = told.reason.iter();
        let own = reason.map(|reason| (reason.clone(), self.of_itself(node, look, reason)));
        let blockers = told.blockers.iter().filter(|it| it.kind != "not_serving");
        let others = blockers.map(|it| (it.cause.clone(), self.of_another(node, look, it)));
        own.chain(others).collect()
    }

    fn of_itself(&self, node: &str, look: &Look<'_>, reason: &str) -> Result<(), String> {
        self.has(node, look, cause_of(reason))
    }

    fn has(
        &self,
        node: &str,
        look: &Look<'_>,
        cause: Option<&'static Cause>,
    ) -> Result<(), String> {
        let Some(cause) = cause else {
            return Err("no cause is known of that (testing/causes)".to_owned());
        };
        let within = match cause.when {
            When::Lately => self.within,
            When::Ever => u64::MAX,
        };
        let was = |who, of| self.troubles.was(who, of, look, within);
        if was(Some(node), cause.own) || was(None, cause.anybodys) {
            return Ok(());
        }
        Err(format!(
            "in time there was none of {:?} at it, nor of {:?} at any node",
            cause.own, cause.anybodys
        ))
    }

    fn of_another(&self, node: &str, look: &Look<'_>, amiss: &Amiss) -> Result<(), String> {
        let was = |who, of| self.troubles.was(who, of, look, self.within);
        let has_cause = match amiss.kind.as_str() {
            "pool_full" => self.full_from.is_some_and(|from| from <= look.line.time),
            "nat" => return self.has(node, look, nat_cause_of(&amiss.cause)),
            kind => {
                let Some(about) = ABOUT.iter().find(|about| about.kind == kind) else {
                    return Err(format!(
                        "no cause is known of {kind:?} (check/status/st2.rs)"
                    ));
                };
                let member = amiss.node.as_deref();
                member.is_some_and(|member| was(Some(member), about.its))
                    || was(Some(node), about.own)
                    || was(None, about.anybodys)
                    || amiss.cause.contains(FOR_A_MOMENT) && was(None, &[Late])
            }
        };
        match has_cause {
            true => Ok(()),
            false => Err(format!("nothing of late explains {:?}", amiss.kind)),
        }
    }
}

/// From when on there have been as many clients as addresses, if ever: each has at most one, and each declined
/// one rests.
fn may_be_full_from(case: &Case<'_>) -> Option<u64> {
    let Some(setup) = case.history.setup() else {
        return Some(0);
    };
    let mut clients: BTreeSet<&str> = BTreeSet::new();
    let mut declines = 0;
    for line in case.history.operations() {
        if let Value::Exchange(exchange) = &line.value {
            clients.insert(&exchange.client);
            declines += u64::from(line.function == Function::Decline);
        }
        if clients.len() as u64 + declines >= setup.pool_size() {
            return Some(line.time);
        }
    }
    None
}
