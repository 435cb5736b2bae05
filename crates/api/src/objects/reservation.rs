//! Reservations.

use crate::DecodeError;
use crate::field::required;
use crate::proto::objects as wire;
use crate::shape::Field;
use ipam::{Reservation, ReservationKey, SubnetId};
use std::net::Ipv4Addr;

/// What repeats in it, beside lists of addresses: nothing.
pub(super) const LISTS: &[Field] = &[];

impl From<&Reservation> for wire::Reservation {
    fn from(reservation: &Reservation) -> Self {
        Self {
            subnet: reservation.subnet.0,
            client: Some((&reservation.client).into()),
            address: reservation.address.to_bits(),
        }
    }
}

impl TryFrom<wire::Reservation> for Reservation {
    type Error = DecodeError;

    fn try_from(message: wire::Reservation) -> Result<Self, DecodeError> {
        Ok(Self {
            subnet: SubnetId(message.subnet),
            client: required("Reservation.client", message.client)?.try_into()?,
            address: Ipv4Addr::from_bits(message.address),
        })
    }
}

impl From<&ReservationKey> for wire::ReservationKey {
    fn from(key: &ReservationKey) -> Self {
        Self {
            subnet: key.subnet.0,
            client: Some((&key.client).into()),
        }
    }
}

impl TryFrom<wire::ReservationKey> for ReservationKey {
    type Error = DecodeError;

    fn try_from(message: wire::ReservationKey) -> Result<Self, DecodeError> {
        Ok(Self {
            subnet: SubnetId(message.subnet),
            client: required("ReservationKey.client", message.client)?.try_into()?,
        })
    }
}
