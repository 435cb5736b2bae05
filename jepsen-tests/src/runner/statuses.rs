//! What a node says of itself, for the history: whenever it says something else, and every second.
//!
//! A program asks for JSON and an exit status, a person reads the first line: now and then the text is asked
//! for as well, so that the two can be compared.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jepsen_tests::history::{Amiss, Entry, Function, Recorder, Shown, Told, Value};
use lab::gateway::{Answer, Control, Status};

use crate::names;

/// What stays the same is written down so often.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two looks at the text.
const TEXT: Duration = Duration::from_secs(5);
/// A node that is stopped does not answer; `--timeout` of the tool, in seconds.
const TIMEOUT_SECONDS: &str = "1";
/// `gatewayctl status` answers in full with these.
const ANSWERED: [i32; 3] = [0, 5, 7];

/// The statuses of one node.
pub struct Statuses<'a> {
    control: &'a Control,
    last: Option<(Instant, Shown)>,
    next_text: Instant,
}

impl<'a> Statuses<'a> {
    /// Nothing seen yet.
    pub fn of(control: &'a Control) -> Self {
        Self {
            control,
            last: None,
            next_text: Instant::now() + TEXT,
        }
    }

    /// Asks the node, and writes down what it says; its status, if it answered.
    pub fn look(&mut self, recorder: &Recorder) -> Result<Option<Status>> {
        if Instant::now() >= self.next_text {
            self.next_text = Instant::now() + TEXT;
            let (asked, answer) = self.ask(recorder, &[])?;
            self.record(recorder, shown(asked, &answer, None))?;
        }
        let (asked, answer) = self.ask(recorder, &["--json"])?;
        let status = read(&answer)?;
        let shown = shown(asked, &answer, status.as_ref());
        let is_news = self.last.as_ref().is_none_or(|(at, last)| {
            let same = Shown {
                asked: last.asked,
                ..shown.clone()
            };
            at.elapsed() >= AGAIN || same != *last
        });
        if is_news {
            self.last = Some((Instant::now(), shown.clone()));
            self.record(recorder, shown)?;
        }
        Ok(status)
    }

    fn ask(&self, recorder: &Recorder, more: &[&str]) -> Result<(u64, Answer)> {
        let asked = recorder.clock().now();
        let words = ["status", "--timeout", TIMEOUT_SECONDS];
        let words: Vec<&str> = words.iter().chain(more).copied().collect();
        Ok((asked, self.control.attempt(&words)?))
    }

    fn record(&self, recorder: &Recorder, shown: Shown) -> Result<()> {
        let node = names::node(self.control.node());
        let entry = Entry::seen(Function::Status, Some(&node), Value::Shown(shown));
        recorder.record(entry).context("writing the history")
    }
}

/// The answer, if there is one.
fn read(answer: &Answer) -> Result<Option<Status>> {
    if !answer.code.is_some_and(|code| ANSWERED.contains(&code)) {
        return Ok(None);
    }
    let status = serde_json::from_str(&answer.output)
        .with_context(|| format!("gatewayctl status --json printed {:?}", answer.output))?;
    Ok(Some(status))
}

fn shown(asked: u64, answer: &Answer, status: Option<&Status>) -> Shown {
    let text = [&answer.output, &answer.complaint];
    let line = text.iter().find_map(|text| text.lines().next());
    let summary = status.map(|status| status.verdict.summary.as_str());
    Shown {
        asked,
        exit: answer.code.and_then(|code| u64::try_from(code).ok()),
        first_line: summary.or(line).unwrap_or_default().to_owned(),
        told: status.map(told),
    }
}

fn told(status: &Status) -> Told {
    let name = |node: u64| u8::try_from(node).map_or(node.to_string(), names::node);
    let silent = status.members.iter().filter(|member| !member.in_service);
    let blockers = status.verdict.blockers.iter().map(|blocker| Amiss {
        kind: blocker.kind.clone(),
        node: blocker.node_id.map(name),
        cause: blocker.cause.clone(),
    });
    Told {
        level: status.verdict.level.clone(),
        in_service: status.in_service,
        reason: status.not_serving_reason.clone(),
        term: status.term,
        leader: status.leader_id.map(name),
        not_serving: silent.map(|member| name(member.node_id)).collect(),
        blockers: blockers.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(code: i32, output: &str, complaint: &str) -> Answer {
        Answer {
            code: Some(code),
            output: output.to_owned(),
            complaint: complaint.to_owned(),
        }
    }

    #[test]
    fn what_a_node_says_is_written_down_in_parts() {
        let member = |node: u64, serves: bool| {
            json!({"node_id": node, "role": "follower", "listen_ip": "", "reachable": true,
                   "applied": null, "in_service": serves})
        };
        let summary = "DEGRADED: 1 of 2 nodes; one failure stops service. Node 2 not serving";
        let output = json!({
            "node_id": 1, "leader_id": 1, "term": 4, "last_applied": 1, "has_quorum": true,
            "in_service": true, "not_serving_reason": null, "members": [member(1, true), member(2, false)],
            "subnets": [], "nat": null, "dropped_packets": {}, "peer_refusals": {}, "notices": [],
            "verdict": {"level": "degraded", "summary": summary, "blockers": [
                {"kind": "member_not_serving", "cause": "Node 2 does not serve", "node_id": 2}]},
        });
        let answer = answer(7, &output.to_string(), "");
        let status = read(&answer).expect("a status").expect("an answer");
        let shown = shown(17, &answer, Some(&status));
        assert_eq!((shown.asked, shown.exit), (17, Some(7)));
        assert_eq!(shown.first_line, summary);
        let told = shown.told.expect("it is told");
        assert_eq!(told.not_serving, ["n2"]);
        assert_eq!(told.blockers[0].node.as_deref(), Some("n2"));
        assert_eq!((told.leader.as_deref(), told.term), (Some("n1"), 4));
    }

    #[test]
    fn a_text_has_a_first_line_and_silence_a_complaint() {
        let text = shown(1, &answer(5, "NOT SERVING: no quorum\n\nNode 1", ""), None);
        assert_eq!(text.first_line, "NOT SERVING: no quorum");
        let silence = answer(3, "", "gatewayctl: no answer\nstart it");
        assert_eq!(read(&silence).expect("no failure"), None);
        assert_eq!(shown(1, &silence, None).first_line, "gatewayctl: no answer");
        assert!(read(&answer(0, "no JSON", "")).is_err());
    }
}
