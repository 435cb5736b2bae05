//! Reading a history, with errors that say where.

use std::fs;
use std::path::Path;

use clojure_reader::edn;
use thiserror::Error;

use super::edn::ShapeError;
use super::line;
use super::operation::Operation;
use super::paired::{History, OrderError};

/// Why a history cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file.
    #[error("reading {path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not EDN.
    #[error(
        "line {line}, column {column}: not EDN: {problem}; a run that was killed leaves half a last line: delete it"
    )]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser found.
        problem: String,
    },
    /// It is EDN, and not an operation.
    #[error("line {line}: {problem}")]
    Shape {
        /// From 1.
        line: usize,
        /// Which key, and what is wrong with it.
        problem: ShapeError,
    },
    /// The operations do not make a history.
    #[error(transparent)]
    Order(#[from] OrderError),
}

/// The history in a file.
pub fn read_file(path: &Path) -> Result<History, ReadError> {
    let text = fs::read_to_string(path).map_err(|source| ReadError::File {
        path: path.display().to_string(),
        source,
    })?;
    read(&text)
}

/// The history in a text: one map per line; empty lines and comments do not count.
pub fn read(text: &str) -> Result<History, ReadError> {
    let lines = text.lines().zip(1..);
    let lines = lines.filter(|(line, _)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with(';')
    });
    let operations: Result<Vec<Operation>, ReadError> = lines
        .map(|(line, number)| operation(line, number))
        .collect();
    Ok(History::new(operations?)?)
}

fn operation(text: &str, line: usize) -> Result<Operation, ReadError> {
    let syntax = |column, problem| ReadError::Syntax {
        line,
        column,
        problem,
    };
    let (value, rest) = edn::read(text).map_err(|error| {
        let column = error.column.unwrap_or(1);
        syntax(column, format!("{:?}", error.code))
    })?;
    if !rest.trim().is_empty() {
        let column = text.chars().count() - rest.trim_start().chars().count() + 1;
        return Err(syntax(column, "a second value on one line".to_owned()));
    }
    line::read(&value).map_err(|problem| ReadError::Shape { line, problem })
}
