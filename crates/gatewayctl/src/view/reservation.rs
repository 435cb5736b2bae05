//! A reservation.

use api::proto::admin::Reservation;
use serde::Serialize;

/// One reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReservationView {
    /// For whom.
    pub client: String,
    /// Which address.
    pub address: String,
    /// In which subnet.
    pub subnet_id: u32,
}

impl From<Reservation> for ReservationView {
    fn from(reservation: Reservation) -> Self {
        let Reservation {
            client,
            address,
            subnet_id,
        } = reservation;
        Self {
            client,
            address,
            subnet_id,
        }
    }
}
