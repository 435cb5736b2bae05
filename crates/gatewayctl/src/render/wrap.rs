//! Lines of a given length, broken between words only.

/// `text` behind `prefix`, in lines of at most `columns`; the second and later ones are indented. A
/// word that is longer than a line stands alone on one.
pub(super) fn wrap(prefix: &str, text: &str, columns: usize, indent: usize) -> String {
    let mut lines = prefix.to_owned();
    let mut length = visible(prefix);
    let mut begun = false;
    for word in text.split_whitespace() {
        let width = visible(word);
        if begun && length + 1 + width > columns {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            length = indent;
        } else if begun {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += width;
        begun = true;
    }
    lines.push('\n');
    lines
}

/// How many columns a text takes: colours take none.
pub(super) fn visible(text: &str) -> usize {
    let mut count = 0;
    let mut escape = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => escape = true,
            'm' if escape => escape = false,
            _ if escape => {}
            _ => count += 1,
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(
            wrap("", "one two three four", 9, 2),
            "one two\n  three\n  four\n"
        );
        assert_eq!(wrap("x  ", "one two", 80, 2), "x  one two\n");
    }

    #[test]
    fn a_long_word_is_not_broken() {
        assert_eq!(
            wrap("", "a bbbbbbbbbbbb c", 6, 2),
            "a\n  bbbbbbbbbbbb\n  c\n"
        );
    }

    #[test]
    fn colours_take_no_room() {
        assert_eq!(visible("\u{1b}[31mNO\u{1b}[0m"), 2);
    }
}
