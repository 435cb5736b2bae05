//! S9: what is withdrawn is cut, and whoever has the address next inherits nothing.
//!
//! A node closes within a second of applying the withdrawal. When it applied it, nobody outside knows: with
//! no fault anywhere soon after the operator's answer, with faults elsewhere after the next election at the latest; a node that may not
//! hear the others is not judged. No answer ever comes from anybody but those who had the target's address between question and answer.

use std::collections::BTreeMap;

use super::flows::{AnsweredMessage, FlowStory, deaf, stories};
use super::spans::{Span, common, without};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::Value;

const RULE: &str = "S9";
const WHAT: &str = "what is withdrawn is cut, and nobody inherits it";

/// From the operator's answer to the last packet, with no fault anywhere.
const CLOSED: u64 = 3_000_000_000;
/// The same while others may be broken: an election, and what a calm cluster takes.
const CLOSED_IN_TROUBLE: u64 = 11_000_000_000;
/// What a node takes to hear of everything once it is well again.
const LEVEL: u64 = 10_000_000_000;

/// Who had an address, and since when.
type Tenancies<'a> = BTreeMap<String, Vec<(u64, Option<&'a str>)>>;

pub fn check(case: &Case<'_>) -> Verdict {
    let tenancies = tenancies(case);
    let mut judged = 0;
    let mut evidence = Vec::new();
    for story in stories(case.history) {
        let hears = without(&[story.span], &deaf(case, story.node, LEVEL));
        for span in common(&story.unwanted(case.history), &hears) {
            let span = (span.0.saturating_add(bound(case, span)), span.1);
            judged += usize::from(span.0 < span.1);
            let goes_on = |one: &&AnsweredMessage<'_>| one.sent > span.0 && one.at < span.1;
            evidence.extend(
                story
                    .answered
                    .iter()
                    .find(goes_on)
                    .map(|one| open(&story, one)),
            );
        }
        let wrong = |one: &&AnsweredMessage<'_>| !is_tenant(&tenancies, &story, one);
        evidence.extend(
            story
                .answered
                .iter()
                .find(wrong)
                .map(|one| stranger(&story, one)),
        );
    }
    Verdict::of(RULE, WHAT, judged, evidence)
}

/// How long what is withdrawn at the beginning of `span` may still pass.
fn bound(case: &Case<'_>, span: Span) -> u64 {
    let calm = without(&[span], &case.faults.troubled());
    if calm == [span] {
        CLOSED
    } else {
        CLOSED_IN_TROUBLE
    }
}

fn tenancies<'a>(case: &Case<'a>) -> Tenancies<'a> {
    let mut all: Tenancies<'a> = BTreeMap::new();
    for operation in case.history.operations() {
        if let Value::Tenant(tenant) = &operation.value {
            let address = tenant.address.to_string();
            let line = (operation.time, tenant.by.as_deref());
            all.entry(address).or_default().push(line);
        }
    }
    all
}

/// Whether who answered had the address at some time between question and answer.
fn is_tenant(tenancies: &Tenancies<'_>, story: &FlowStory<'_>, one: &AnsweredMessage<'_>) -> bool {
    let address = story.target.split(':').next().unwrap_or_default();
    let Some(lines) = tenancies.get(address) else {
        return false;
    };
    let until = lines.iter().skip(1).map(|line| line.0).chain([u64::MAX]);
    let mut spans = lines.iter().zip(until);
    spans.any(|((from, by), until)| *by == Some(one.by) && *from <= one.at && one.sent <= until)
}

fn open(story: &FlowStory<'_>, one: &AnsweredMessage<'_>) -> Evidence {
    let text = format!(
        "{} was answered by {} at {}, though nothing forwards {} any more",
        story.name,
        one.by,
        seconds(one.sent),
        story.public.unwrap_or_default()
    );
    Evidence::new(text, vec![story.index, one.index])
}

fn stranger(story: &FlowStory<'_>, one: &AnsweredMessage<'_>) -> Evidence {
    let text = format!(
        "{} to {} was answered by {} at {}, who had not got that address",
        story.name,
        story.target,
        one.by,
        seconds(one.at)
    );
    Evidence::new(text, vec![story.index, one.index])
}
