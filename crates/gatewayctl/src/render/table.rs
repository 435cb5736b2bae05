//! Tables without lines: columns two blanks apart, easy on the eye and on `awk`.
//!
//! A table that is wider than the terminal becomes a list of records: no word is ever broken.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::Style;
use super::wrap::visible;

/// A column's heading and where its cells stand.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// Words.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

/// The table: each row has a cell for each column. Each line is ended by a newline, none with blanks at its
/// end.
#[must_use]
pub fn table<R: AsRef<[String]>>(
    columns: &[Column],
    rows: impl IntoIterator<Item = R>,
    style: Style,
) -> String {
    let rows: Vec<R> = rows.into_iter().collect();
    let lines = lines(columns, &rows);
    let widest = lines.iter().map(|line| visible(line)).max().unwrap_or(0);
    match style.columns {
        Some(width) if widest > usize::from(width) => records(columns, &rows),
        _ => lines.concat(),
    }
}

fn lines<R: AsRef<[String]>>(columns: &[Column], rows: &[R]) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| Cell::new(column.heading())));
    table.add_rows(rows.iter().map(AsRef::as_ref));
    for (column, settings) in columns.iter().zip(table.column_iter_mut()) {
        settings
            .set_padding((0, 2))
            .set_cell_alignment(column.alignment());
    }
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// Each row as lines of heading and cell, with an empty line between rows.
fn records<R: AsRef<[String]>>(columns: &[Column], rows: &[R]) -> String {
    let headings: Vec<_> = columns.iter().map(|column| column.heading()).collect();
    let width = headings
        .iter()
        .map(|heading| heading.len())
        .max()
        .unwrap_or(0);
    let record = |row: &R| -> String {
        let cells = headings.iter().zip(row.as_ref());
        cells
            .map(|(heading, cell)| format!("{heading:<width$}  {cell}\n"))
            .collect()
    };
    let records: Vec<String> = rows.iter().map(record).collect();
    records.join("\n")
}

impl Column {
    const fn heading(self) -> &'static str {
        match self {
            Self::Left(heading) | Self::Right(heading) => heading,
        }
    }

    const fn alignment(self) -> CellAlignment {
        match self {
            Self::Left(_) => CellAlignment::Left,
            Self::Right(_) => CellAlignment::Right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_too_wide_becomes_records() {
        let columns = [Column::Left("ADDRESS"), Column::Right("N")];
        let rows = || [["10.15.3.254".to_owned(), "1".to_owned()]];
        let style = |columns| Style {
            colours: false,
            columns: Some(columns),
        };
        assert_eq!(
            table(&columns, rows(), style(80)),
            "ADDRESS      N\n10.15.3.254  1\n"
        );
        assert_eq!(
            table(&columns, rows(), style(10)),
            "ADDRESS  10.15.3.254\nN        1\n"
        );
    }
}
