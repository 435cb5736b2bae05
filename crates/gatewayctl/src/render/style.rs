//! What the reader's terminal can do.

/// Colours and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are wanted.
    pub colours: bool,
    /// The longest line; without one nothing is wrapped.
    pub columns: Option<u16>,
}

/// What a word tells the reader at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warn,
    Bad,
}

impl Style {
    /// For files and pipes.
    pub const PLAIN: Self = Self {
        colours: false,
        columns: None,
    };

    /// `text` in the colour of its tone.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let colour = match tone {
            Tone::Good => 32,
            Tone::Warn => 33,
            Tone::Bad => 31,
        };
        format!("\u{1b}[{colour}m{text}\u{1b}[0m")
    }
}
