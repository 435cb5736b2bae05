//! Standard output: text for people, JSON for programs, nothing half written on purpose.
//!
//! A reader that goes away (`gatewayctl watch | head -1`) is not an error: writing just ends.

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

use crate::failure::Failure;
use crate::render::Style;

/// Where answers go, and in which form.
pub struct Output {
    writer: Box<dyn Write>,
    json: bool,
    style: Style,
}

/// Whether anybody reads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// As far as we know.
    Listens,
    /// The pipe is closed.
    Left,
}

impl Output {
    /// Standard output; colours and line lengths as the terminal has them, none elsewhere.
    #[must_use]
    pub fn to_stdout(json: bool) -> Self {
        let stdout = io::stdout();
        let style = if stdout.is_terminal() {
            terminal_style()
        } else {
            Style::PLAIN
        };
        Self {
            writer: Box::new(stdout),
            json,
            style,
        }
    }

    /// Prints one value: as JSON, or as `text` makes it.
    pub fn print<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        text: impl FnOnce(&T, Style) -> String,
    ) -> Result<Reader, Failure> {
        let mut text = if self.json {
            json(value)?
        } else {
            text(value, self.style)
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        match self
            .writer
            .write_all(text.as_bytes())
            .and_then(|()| self.writer.flush())
        {
            Ok(()) => Ok(Reader::Listens),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Left),
            Err(error) => Err(Failure::output(&error)),
        }
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::output(&error.into()))
}

fn terminal_style() -> Style {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    let columns = terminal_size::terminal_size().map(|(width, _)| width.0);
    Style {
        colours: !refused && !dumb,
        columns,
    }
}
