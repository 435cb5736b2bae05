//! Colours, where they are wanted: on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).

use std::env;
use std::io::{IsTerminal, stdout};

/// How text is marked.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    colours: bool,
}

impl Style {
    /// What standard output and the environment ask for.
    pub fn detect() -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            colours: stdout().is_terminal() && !refused,
        }
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is said beside the point.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// The mark of what was seen.
    pub fn tick(self) -> String {
        self.paint("32", "✓")
    }

    /// The mark of what was not.
    pub fn cross(self) -> String {
        self.paint("31", "✗")
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colours {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
