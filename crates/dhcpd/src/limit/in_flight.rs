//! Requests that are being answered: a copy that arrives meanwhile is dropped.
//!
//! The copy is *not* taken as a reason to wait longer: a client may count its lease from the copy,
//! but the answer was stamped for the first one (T4), so the first one's deadline stands (T6).

use crate::codec::{MessageType, Packet};
use crate::limits::MAX_IN_FLIGHT;
use ipam::{ClientKey, HardwareAddress};
use std::collections::BTreeSet;

/// What makes two packets copies of one request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InFlightKey {
    client: ClientKey,
    hardware: HardwareAddress,
    xid: u32,
    message_type: MessageType,
}

impl InFlightKey {
    /// The key of `packet`, from a client known as `client`.
    #[must_use]
    pub fn of(packet: &Packet, client: &ClientKey) -> Self {
        Self {
            client: client.clone(),
            hardware: packet.hardware.clone(),
            xid: packet.xid,
            message_type: packet.message_type,
        }
    }
}

/// Why a request cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBegun {
    /// A copy of it is being answered.
    Copy,
    /// Too many others are.
    Full,
}

/// The requests being answered, at most [`MAX_IN_FLIGHT`].
#[derive(Clone, Debug, Default)]
pub struct InFlight {
    requests: BTreeSet<InFlightKey>,
}

impl InFlight {
    /// Begins a request.
    pub fn begin(&mut self, key: InFlightKey) -> Result<(), NotBegun> {
        if self.requests.contains(&key) {
            return Err(NotBegun::Copy);
        }
        if self.requests.len() >= MAX_IN_FLIGHT {
            return Err(NotBegun::Full);
        }
        self.requests.insert(key);
        Ok(())
    }

    /// Whether a copy of the request is being answered.
    #[must_use]
    pub fn contains(&self, key: &InFlightKey) -> bool {
        self.requests.contains(key)
    }

    /// Ends a request, however it ended.
    pub fn end(&mut self, key: &InFlightKey) {
        self.requests.remove(key);
    }

    /// How many are being answered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::PacketBuilder;

    fn key(xid: u32) -> InFlightKey {
        let packet = PacketBuilder::discover([2, 0, 0, 0, 0, 1])
            .xid(xid)
            .packet();
        InFlightKey::of(&packet, &ClientKey::Hardware(packet.hardware.clone()))
    }

    #[test]
    fn begin_refuses_a_copy_until_the_first_ends() {
        let mut in_flight = InFlight::default();
        assert_eq!(in_flight.begin(key(1)), Ok(()));
        assert_eq!(in_flight.begin(key(1)), Err(NotBegun::Copy));
        assert_eq!(in_flight.begin(key(2)), Ok(()));
        in_flight.end(&key(1));
        assert_eq!(in_flight.begin(key(1)), Ok(()));
    }

    #[test]
    fn begin_refuses_more_than_the_limit() {
        let mut in_flight = InFlight::default();
        for xid in 0..u32::try_from(MAX_IN_FLIGHT).expect("fits") {
            assert_eq!(in_flight.begin(key(xid)), Ok(()));
        }
        assert_eq!(in_flight.begin(key(u32::MAX)), Err(NotBegun::Full));
    }
}
