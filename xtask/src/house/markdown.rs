//! Just enough of Markdown to find links.

/// The targets of the inline links of a document, with their line numbers. Code is not looked at.
pub fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let mut in_fence = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            links.extend(targets(line).into_iter().map(|target| (number + 1, target)));
        }
    }
    links
}

/// What stands between `](` and `)`, without a title, outside of backticks.
fn targets(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for (position, prose) in line.split('`').enumerate() {
        // Every second piece is code, unless the link itself holds it: `[`code`](target)` ends in prose.
        if position % 2 == 1 {
            continue;
        }
        for piece in prose.split("](").skip(1) {
            let target = piece.split([')', ' ']).next().unwrap_or_default();
            targets.push(target.trim_matches(['<', '>']));
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "See [a](a.md) and [`b`](docs/b.md#part \"title\").\n```\n[c](c.md)\n```\n`[d](d.md)` ![e](<e.png>)\n";
        assert_eq!(
            links(text),
            [(1, "a.md"), (1, "docs/b.md#part"), (5, "e.png")]
        );
    }
}
