//! A bounded number of clients with their packets; the least recently seen is dropped first.

use super::{Disposition, PacketRecord};
use ipam::{ClientIdentifier, HardwareAddress};
use std::collections::{BTreeMap, VecDeque};

/// One client's packets, each with its number, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    identifier: Option<ClientIdentifier>,
    sightings: VecDeque<(u64, PacketRecord)>,
}

impl Record {
    pub(super) fn add(
        &mut self,
        number: u64,
        sighting: PacketRecord,
        identifier: Option<&ClientIdentifier>,
        limit: usize,
    ) {
        if identifier.is_some() {
            self.identifier = identifier.cloned();
        }
        while self.sightings.len() >= limit {
            self.sightings.pop_front();
        }
        self.sightings.push_back((number, sighting));
    }

    pub(super) fn end(&mut self, number: u64, disposition: Disposition) {
        let found = self.sightings.iter_mut().find(|(own, _)| *own == number);
        if let Some((_, sighting)) = found {
            sighting.disposition = disposition;
        }
    }

    /// Option 61, as it was last carried.
    pub(super) const fn identifier(&self) -> Option<&ClientIdentifier> {
        self.identifier.as_ref()
    }

    pub(super) fn numbered(&self) -> impl Iterator<Item = (u64, &PacketRecord)> {
        self.sightings
            .iter()
            .map(|(number, sighting)| (*number, sighting))
    }

    fn last(&self) -> u64 {
        self.sightings.back().map_or(0, |(number, _)| *number)
    }
}

/// At most so many clients.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    limit: usize,
    records: BTreeMap<HardwareAddress, Record>,
    by_last: BTreeMap<u64, HardwareAddress>,
}

impl Generation {
    pub(super) const fn of(limit: usize) -> Self {
        Self {
            limit,
            records: BTreeMap::new(),
            by_last: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, hardware: &HardwareAddress) -> Option<&Record> {
        self.records.get(hardware)
    }

    pub(super) fn get_mut(&mut self, hardware: &HardwareAddress) -> Option<&mut Record> {
        self.records.get_mut(hardware)
    }

    pub(super) fn take(&mut self, hardware: &HardwareAddress) -> Option<Record> {
        let record = self.records.remove(hardware)?;
        self.by_last.remove(&record.last());
        Some(record)
    }

    /// Puts a record that has a packet.
    pub(super) fn put(&mut self, hardware: HardwareAddress, record: Record) {
        self.by_last.insert(record.last(), hardware.clone());
        self.records.insert(hardware, record);
        while self.records.len() > self.limit {
            let Some((_, oldest)) = self.by_last.pop_first() else {
                return;
            };
            self.records.remove(&oldest);
        }
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }
}
