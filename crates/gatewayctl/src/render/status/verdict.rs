//! The first lines: what it all comes to, and what is amiss.

use crate::render::Style;
use crate::render::plain::plain;
use crate::render::style::Tone;
use crate::render::wrap::{visible, wrap};
use crate::view::{BlockerView, LevelView, VerdictView};

/// The verdict's line, and each thing that is amiss with its remedy.
pub(super) fn verdict(verdict: &VerdictView, style: Style, columns: usize) -> String {
    let line = sentences(&plain(&verdict.summary), columns);
    let blockers = verdict.blockers.iter();
    std::iter::once(painted(&line, verdict.level, style))
        .chain(blockers.map(|blocker| about(blocker, columns)))
        .collect()
}

/// The line, broken between sentences where it is too long for one.
fn sentences(text: &str, columns: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for sentence in text.split_inclusive(". ").map(str::trim_end) {
        let indent = if lines.is_empty() { "" } else { "  " };
        let longer = match line.as_str() {
            "" => format!("{indent}{sentence}"),
            begun => format!("{begun} {sentence}"),
        };
        if line.is_empty() || visible(&longer) <= columns {
            line = longer;
            continue;
        }
        lines.push_str(&wrap(indent, &line, columns, 2));
        line = format!("  {sentence}");
    }
    let indent = if lines.is_empty() { "" } else { "  " };
    lines + &wrap(indent, &line, columns, 2)
}

/// The level in its colour.
fn painted(line: &str, level: LevelView, style: Style) -> String {
    let tone = match level {
        LevelView::Healthy => Tone::Good,
        LevelView::Degraded => Tone::Warn,
        LevelView::NotServing => Tone::Bad,
    };
    match line.split_once(':') {
        Some((word, rest)) => format!("{}:{rest}", style.paint(tone, word)),
        None => line.to_owned(),
    }
}

fn about(blocker: &BlockerView, columns: usize) -> String {
    let cause = wrap("- ", &plain(&blocker.cause), columns, 2);
    if blocker.remedy.is_empty() {
        return cause;
    }
    let remedy = format!("remedy: {}", plain(&blocker.remedy));
    cause + &wrap("  ", &remedy, columns, 2)
}
