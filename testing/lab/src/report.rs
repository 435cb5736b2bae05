//! What a scenario measured.

use std::fmt::{self, Display};

/// Named figures in the order they were noted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    figures: Vec<(String, String)>,
}

impl Report {
    /// An empty report.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a figure.
    pub fn figure(&mut self, name: impl Into<String>, value: impl Display) {
        self.figures.push((name.into(), value.to_string()));
    }

    /// The figures as (name, value).
    pub fn figures(&self) -> &[(String, String)] {
        &self.figures
    }
}

/// A longer name pushes its own figure to the right and no other.
const WIDEST: usize = 60;

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.figures.iter().map(|(name, _)| name.len());
        let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
        for (name, value) in &self.figures {
            writeln!(f, "  {name:<width$}  {value}")?;
        }
        Ok(())
    }
}
