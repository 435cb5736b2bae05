//! What every node has seen of a client: for each packet a line of facts, and what became of it below.

use std::time::{Duration, UNIX_EPOCH};

use super::Style;
use super::plain::plain;
use super::style::Tone;
use crate::view::{AskedNodeView, ExplainView, ExplainedPacketView};

/// Columns that lines are broken to fit.
const WIDTH: usize = 80;
/// What is said of a packet stands below its facts.
const INDENT: &str = "    ";

/// The packets, oldest first; then who did not say.
#[must_use]
pub fn explain(view: &ExplainView, style: Style) -> String {
    let mut text = String::new();
    let mut day = String::new();
    for packet in &view.packets {
        let (date, time) = moment(packet.unix_millis);
        if date != day {
            text.push_str(&format!("{date} (UTC)\n"));
            day = date;
        }
        text.push_str(&facts(packet, &time, &view.client));
        text.push_str(&said(packet, style));
    }
    if view.packets.is_empty() {
        text.push_str(&wrapped(
            &format!(
                "No node that answered has heard {} since its DHCP server started. Look at the \
                 machine: is its DHCP client running, and its port in the clients' network? \
                 `tcpdump -eni INTERFACE port 67` on its host shows what it sends.",
                plain(&view.client)
            ),
            "",
        ));
    }
    let silent = view.nodes.iter().filter_map(problem);
    text.extend(silent.map(|line| style.paint(Tone::Warn, line.trim_end()) + "\n"));
    text
}

fn facts(packet: &ExplainedPacketView, time: &str, client: &str) -> String {
    let message = match packet.message_type.as_str() {
        "" => "unreadable",
        message => message,
    };
    let mut line = format!(
        "{time}  node {}  {:<8}  xid {:08x}  from {}",
        packet.node_id,
        plain(message),
        packet.xid,
        plain(&packet.origin)
    );
    if packet.hardware != client {
        line = format!("{line}  {}", plain(&packet.hardware));
    }
    wrapped(&line, "")
}

fn said(packet: &ExplainedPacketView, style: Style) -> String {
    let mut outcome = plain(&packet.outcome);
    if !packet.reason.is_empty() {
        outcome = format!("{outcome} [{}]", plain(&packet.reason));
    }
    let text = wrapped(&outcome, INDENT);
    if packet.reason.is_empty() || is_not_ours(&packet.reason) {
        return text;
    }
    let lines = text.lines();
    lines
        .map(|line| style.paint(Tone::Warn, line) + "\n")
        .collect()
}

/// Another node or server answers: nothing is wrong.
fn is_not_ours(reason: &str) -> bool {
    matches!(reason, "other_responder" | "other_server")
}

fn problem(node: &AskedNodeView) -> Option<String> {
    let problem = node.problem.as_deref()?;
    let line = format!("Node {} did not say: {}", node.node_id, plain(problem));
    Some(wrapped(&line, ""))
}

/// The date and the time of day, to the millisecond.
fn moment(unix_millis: u64) -> (String, String) {
    // A time beyond the year 9999 is a broken clock's.
    let at = Duration::from_millis(unix_millis.min(253_402_300_799_999));
    let text = humantime::format_rfc3339_millis(UNIX_EPOCH + at).to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    (date.to_owned(), time.trim_end_matches('Z').to_owned())
}

/// The text in lines of at most [`WIDTH`] columns, broken between words.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    let mut gap = 0;
    for word in text.split(' ') {
        gap += 1;
        if word.is_empty() {
            continue;
        }
        let taken = line.chars().count() + gap + word.chars().count();
        if line.is_empty() {
            line = format!("{indent}{word}");
        } else if taken > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line = format!("{INDENT}{word}");
        } else {
            line.push_str(&" ".repeat(gap));
            line.push_str(word);
        }
        gap = 0;
    }
    lines.push_str(&line);
    lines.push('\n');
    lines
}
