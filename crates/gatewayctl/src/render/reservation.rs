//! Reservations.

use super::Style;
use super::plain::plain;
use super::table::{Column, table};
use crate::view::ReservationView;

const COLUMNS: [Column; 3] = [
    Column::Left("CLIENT"),
    Column::Left("ADDRESS"),
    Column::Right("SUBNET"),
];

/// A table, or a sentence if there are none.
#[must_use]
pub fn reservations(reservations: &[ReservationView], style: Style) -> String {
    if reservations.is_empty() {
        return "No reservations.\n".to_owned();
    }
    let row = |reservation: &ReservationView| {
        [
            plain(&reservation.client),
            plain(&reservation.address),
            reservation.subnet_id.to_string(),
        ]
    };
    table(COLUMNS, reservations.iter().map(row), style)
}
