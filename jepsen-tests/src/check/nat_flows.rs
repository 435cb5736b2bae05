//! NAT: a flow that nothing disturbs goes on. Daemons that are killed or cut off, slow links and failing disks
//! disturb none: the kernel keeps its rules.

use super::flows::{FlowStory, disturbed, stories};
use super::spans::{Span, common, without};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};

const RULE: &str = "NAT";
const WHAT: &str = "a flow that nothing disturbs goes on";

/// A flow begins, or a forward is new: what it takes until it passes.
const BEGUN: u64 = 6_000_000_000;
/// What a host's kernel and daemon take after they were disturbed.
const MENDED: u64 = 15_000_000_000;
/// Longer than a machine that is short of processors holds everything up.
const GAP: u64 = 4_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let mut judged = 0;
    let mut evidence = Vec::new();
    for story in stories(case.history) {
        let wanted = story.wanted(case.history).into_iter();
        let passing: Vec<Span> = wanted.filter_map(|span| begun(&story, span)).collect();
        for span in without(&passing, &disturbed(case, story.node, MENDED)) {
            judged += 1;
            let outages = common(&[span], &story.outages()).into_iter();
            let outages = outages.filter(|(from, until)| until - from > GAP);
            evidence.extend(outages.map(|outage| stopped(&story, outage)));
            let broken = story.broken.iter();
            let broken = broken.filter(|(time, _)| span.0 <= *time && *time < span.1);
            evidence.extend(broken.map(|(time, index)| broke(&story, *time, *index)));
        }
    }
    Verdict::of(RULE, WHAT, judged, evidence)
}

/// The part of `wanted` in which the flow has begun to pass. One that never does is for ST4 to judge: its host may
/// not have heard of the forward.
fn begun(story: &FlowStory<'_>, wanted: Span) -> Option<Span> {
    let sent = story.passed().map(|one| one.sent);
    let first = sent.filter(|sent| wanted.0 <= *sent).min()?;
    let from = first.max(wanted.0.saturating_add(BEGUN));
    (from < wanted.1).then_some((from, wanted.1))
}

fn stopped(story: &FlowStory<'_>, outage: Span) -> Evidence {
    let text = format!(
        "{} through {} did not pass from {} to {}, and nothing disturbed it",
        story.name,
        story.node,
        seconds(outage.0),
        seconds(outage.1)
    );
    Evidence::new(text, vec![story.index])
}

fn broke(story: &FlowStory<'_>, time: u64, index: u64) -> Evidence {
    let text = format!(
        "a connection of {} through {} broke at {}, and nothing disturbed it",
        story.name,
        story.node,
        seconds(time)
    );
    Evidence::new(text, vec![index])
}
