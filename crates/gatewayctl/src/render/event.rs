//! A committed change, on one line.

use super::Style;
use super::plain::plain;
use super::style::Tone;
use crate::view::EventView;

/// One line, after one that says how many events were missed if any were.
#[must_use]
pub fn event(event: &EventView, style: Style) -> String {
    let mut text = String::new();
    if event.missed > 0 {
        let missed = format!(
            "({} events missed: this watcher was too slow)",
            event.missed
        );
        text.push_str(&style.paint(Tone::Warn, &missed));
        text.push('\n');
    }
    let words = [&event.kind, &event.address, &event.client, &event.text];
    let words: Vec<String> = words
        .into_iter()
        .filter(|word| !word.is_empty())
        .map(|word| plain(word))
        .collect();
    text.push_str(&format!("{:>8}  {}\n", event.index, words.join("  ")));
    text
}
