//! A picture of a history: who held which address when, with the faults shaded.
//!
//! Rows are addresses, bars are holds in the colour of their client, vertical bands are faults, red is
//! what the checkers found. Every bar and band has a tooltip with the figures.
//!
//! In: a history and the report on it. Out: one SVG file that needs nothing else. The same input
//! gives the same bytes.

mod bars;
mod canvas;
mod draw;
mod layout;

pub use draw::svg;
