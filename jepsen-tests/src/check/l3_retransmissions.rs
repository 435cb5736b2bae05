//! L3: no client needs more than one retransmission, with nothing wrong or one node gone, and again one
//! election after the leader is gone.
//!
//! Judged are new clients: the third copy of a DHCPDISCOVER is one too many, if nothing had changed for the
//! bound of the `:setup` when the first was sent, and nothing but a minority of dead or cut-off nodes was
//! wrong until the third. Not judged where there are fewer addresses than clients, nor while nobody at all is
//! answered: then the machine that all of it runs on stands still, or service is gone, which is judged for
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use super::l1_renewals::stood_still;
use super::l3_service::answers;
use super::room::room_for_all;
use super::spans::{common, holding};
use super::status::st1::{discovers, is_answered};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::Operation;

/// So many are sent with one retransmission in vain.
const ONE_TOO_MANY: u64 = 3;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "no new client needs more than one retransmission";
    let Some(setup) = case.history.setup() else {
        return Verdict::of("L3", what, 0, Vec::new());
    };
    let change = setup.failover_within_ms.saturating_mul(1_000_000);
    let outage = setup.service_within_ms.saturating_mul(1_000_000);
    let steady = common(&case.faults.steady(change, outage), &room_for_all(case));
    let answers = answers(case);
    let mut first: BTreeMap<(&str, u32), &Operation> = BTreeMap::new();
    let mut judged: BTreeSet<u64> = BTreeSet::new();
    let mut evidence = Vec::new();
    for (line, asked) in discovers(case) {
        let begin = *first.entry((&asked.client, asked.xid)).or_insert(line);
        let span = (begin.time, line.time);
        let is_steady = holding(&steady, span.0, span.1.saturating_add(1)).is_some();
        if !is_steady || stood_still(span, &answers) {
            // Later copies accuse nobody.
            if asked.copies <= ONE_TOO_MANY {
                judged.remove(&begin.index);
            }
            continue;
        }
        if begin.index == line.index {
            judged.insert(begin.index);
        }
        if asked.copies == ONE_TOO_MANY && !is_answered(case, asked, span) {
            let text = format!(
                "{} sent a DHCPDISCOVER at {}, and again, and nobody had answered at {}",
                asked.client,
                seconds(span.0),
                seconds(span.1)
            );
            evidence.push(Evidence::new(text, vec![begin.index, line.index]));
        }
    }
    Verdict::of("L3", what, judged.len(), evidence)
}
