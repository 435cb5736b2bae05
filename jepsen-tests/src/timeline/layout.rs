//! Where things go.

use super::bars::Rows;
use super::canvas::Area;
use crate::check::FaultSpan;

/// More rows are not readable, nor quick to show.
pub const MOST_ROWS: usize = 400;

/// Pixels.
pub const WIDTH: f64 = 1500.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 64.0;
const LANE: f64 = 14.0;
/// What the rows take together where there are many.
const ROWS_HEIGHT: f64 = 1600.0;
const TALLEST_ROW: f64 = 16.0;
const THINNEST_ROW: f64 = 4.0;
/// About what a letter of the smallest text takes.
const LETTER: f64 = 5.6;

/// Times and rows to pixels.
pub struct Layout {
    end: u64,
    rows: usize,
    row_height: f64,
    lanes: usize,
}

impl Layout {
    pub fn new(rows: &Rows, lanes: usize, end: u64) -> Self {
        let count = rows.shown.len().max(1);
        let row_height = (ROWS_HEIGHT / count as f64).clamp(THINNEST_ROW, TALLEST_ROW);
        Self {
            end: end.max(1),
            rows: count,
            row_height: row_height.floor(),
            lanes,
        }
    }

    pub fn x(&self, time: u64) -> f64 {
        let part = time.min(self.end) as f64 / self.end as f64;
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }

    /// The top of the rows.
    pub fn rows_top(&self) -> f64 {
        TOP + self.lanes as f64 * LANE
    }

    /// The bottom of the rows.
    pub fn rows_bottom(&self) -> f64 {
        self.rows_top() + self.rows as f64 * self.row_height
    }

    pub fn row_height(&self) -> f64 {
        self.row_height
    }

    /// A bar in a row, at least `thinnest` wide.
    pub fn bar(&self, row: usize, from: u64, until: u64, thinnest: f64) -> Area {
        let x = self.x(from);
        Area {
            x,
            y: self.rows_top() + row as f64 * self.row_height + 0.5,
            width: (self.x(until) - x).max(thinnest),
            height: self.row_height - 1.0,
        }
    }

    /// A fault's strip above the rows.
    pub fn strip(&self, lane: usize, from: u64, until: u64) -> Area {
        let x = self.x(from);
        Area {
            x,
            y: TOP + lane as f64 * LANE,
            width: (self.x(until) - x).max(2.0),
            height: LANE - 2.0,
        }
    }

    /// Every how many rows there is room for a label.
    pub fn label_every(&self) -> usize {
        (10.0 / self.row_height).ceil().max(1.0) as usize
    }

    /// Seconds between the lines of the time axis: 1, 2 or 5 times a power of ten, about ten lines.
    pub fn seconds_per_line(&self) -> u64 {
        let all = self.end / 1_000_000_000;
        let mut step = 1;
        for factor in [2, 5, 2].into_iter().cycle() {
            if all / step <= 12 {
                break;
            }
            // 1, 2, 5, 10, …
            step = if factor == 5 { step / 2 * 5 } else { step * 2 };
        }
        step
    }

    pub fn end(&self) -> u64 {
        self.end
    }
}

/// Gives each fault a lane of its own height, so that neither strips nor labels overlap.
pub fn lanes(faults: &[FaultSpan], labels: &[String], end: u64) -> Vec<usize> {
    let per_pixel = end.max(1) as f64 / (WIDTH - LEFT - RIGHT);
    let mut free_from: Vec<u64> = Vec::new();
    let mut lanes = Vec::new();
    for (fault, label) in faults.iter().zip(labels) {
        let (from, until) = fault.possible;
        let text = (label.chars().count() as f64 * LETTER * per_pixel) as u64;
        let taken = until.max(from.saturating_add(text));
        let lane = free_from.iter().position(|free| *free <= from);
        match lane {
            Some(lane) => free_from[lane] = taken,
            None => free_from.push(taken),
        }
        lanes.push(lane.unwrap_or(free_from.len() - 1));
    }
    lanes
}
