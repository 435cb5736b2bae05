//! Texts of a peer, for the log, for status and for operators. Pure.

use crate::limits::MAX_TEXT_BYTES;

/// At most [`MAX_TEXT_BYTES`], whole characters; what moves a terminal's cursor, or is not seen, is
/// written as an escape.
pub(crate) fn bounded(text: &str) -> String {
    let mut bounded = String::new();
    for character in text.chars() {
        let escaped = character.escape_debug().to_string();
        let is_seen = !character.is_control() && !escaped.starts_with("\\u");
        let shown = if is_seen { character.into() } else { escaped };
        if bounded.len() + shown.len() > MAX_TEXT_BYTES {
            break;
        }
        bounded.push_str(&shown);
    }
    bounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_whole_character() {
        assert_eq!(bounded("node 2 says \"no\""), "node 2 says \"no\"");
        assert_eq!(bounded(&"ü".repeat(10_000)).len(), MAX_TEXT_BYTES);
        let odd = bounded(&format!("a{}", "ü".repeat(10_000)));
        assert_eq!(odd.len(), MAX_TEXT_BYTES - 1);
    }

    #[test]
    fn what_moves_the_cursor_or_is_not_seen_is_escaped() {
        assert_eq!(bounded("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(bounded("\u{202e}\u{200b}"), "\\u{202e}\\u{200b}");
        assert_eq!(bounded("…–é"), "…–é");
    }
}
