//! Tables without lines: columns two blanks apart, easy on the eye and on `awk`.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::Style;

/// A column's heading and where its cells stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    /// Words.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

/// The table, each line ended by a newline, none with blanks at its end.
pub(super) fn table<const N: usize>(
    columns: [Column; N],
    rows: impl IntoIterator<Item = [String; N]>,
    style: Style,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = style.columns {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    table.set_header(columns.iter().map(|column| Cell::new(column.heading())));
    table.add_rows(rows);
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
