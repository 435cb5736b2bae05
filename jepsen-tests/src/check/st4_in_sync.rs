//! ST4: a node that says "NAT in sync" passes what the agreed state wants, and nothing that it does not want.
//!
//! Judged are the times in which a node said so at every look, a wanted flow through it lies in them, and each
//! was longer than the node may take to know better: it hears of interfaces and of its own rules at once, and looks at
//! switches and at others' rules every three seconds. What comes in by forwards is not held against a node that
//! may not have heard of them.

use super::flows::{FlowStory, deaf, stories};
use super::spans::{Span, common, merged, without};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::Value;

const RULE: &str = "ST4";
const WHAT: &str = "a node says that NAT is in sync only while flows pass as they should";

/// How long a node may take to know better, on a machine that is short of processors.
const KNOWN: u64 = 8_000_000_000;
/// Two looks that are further apart say nothing of the time between them.
const LOOK: u64 = 4_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let mut judged = 0;
    let mut evidence = Vec::new();
    for story in stories(case.history) {
        let said = in_sync(case, story.node);
        let heard_of = match story.public {
            Some(_) => without(&said, &deaf(case, story.node, KNOWN)),
            None => said,
        };
        for span in common(&heard_of, &story.wanted(case.history)) {
            judged += usize::from(span.1 - span.0 > KNOWN);
            let outages = common(&[span], &story.outages());
            let too_long = outages
                .into_iter()
                .filter(|(from, until)| until - from > KNOWN);
            evidence.extend(too_long.map(|outage| stopped(&story, outage)));
        }
        for span in common(&heard_of, &story.unwanted(case.history)) {
            judged += usize::from(span.1 - span.0 > KNOWN);
            evidence.extend(passes(&story, span));
        }
    }
    Verdict::of(RULE, WHAT, judged, evidence)
}

/// When `node` said at every look that NAT is in sync.
fn in_sync(case: &Case<'_>, node: &str) -> Vec<Span> {
    let looks = case.history.operations().iter();
    let mut looks: Vec<(u64, bool)> = looks
        .filter_map(|operation| match &operation.value {
            Value::Nat(nat) if operation.node.as_deref() == Some(node) => {
                Some((operation.time, nat.in_sync))
            }
            _ => None,
        })
        .collect();
    looks.sort_unstable();
    let both = |pair: &[(u64, bool)]| {
        let ((from, first), (until, second)) = (pair[0], pair[1]);
        (first && second && until - from <= LOOK).then_some((from, until))
    };
    merged(looks.windows(2).filter_map(both), 0)
}

fn stopped(story: &FlowStory<'_>, outage: Span) -> Evidence {
    let text = format!(
        "{} said that NAT is in sync, and {} to {} did not pass from {} to {}",
        story.node,
        story.name,
        story.target,
        seconds(outage.0),
        seconds(outage.1)
    );
    Evidence::new(text, vec![story.index])
}

/// The first message that passes though the forward had long been withdrawn.
fn passes(story: &FlowStory<'_>, unwanted: Span) -> Option<Evidence> {
    let long_since = unwanted.0.saturating_add(KNOWN);
    let mut heard = story.answered.iter();
    let one = heard.find(|one| one.sent > long_since && one.at < unwanted.1)?;
    let text = format!(
        "{} said that NAT is in sync, and {} passed at {}, though nothing forwards {} since {}",
        story.node,
        story.name,
        seconds(one.sent),
        story.public.unwrap_or_default(),
        seconds(unwanted.0)
    );
    Some(Evidence::new(text, vec![story.index, one.index]))
}
