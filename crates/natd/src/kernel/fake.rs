//! A kernel in memory, with the promises of the real one and a tester's hands on it.
//!
//! In: what [`Kernel`] is told, and what a test does behind its back ([`FakeKernel::edit`]). Out: the
//! same images and events as from the real kernel. It is deterministic, has no clock and does not
//! block, so it serves the simulation too.

use super::{Kernel, KernelError, KernelEvents};
use crate::flows::{Closing, Flow};
use crate::image::{ElementUpdate, SetImage, TableImage, TableUpdate};
use crate::ruleset::TABLE;
use crate::table::TableId;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The kernel. Clones are the same kernel.
#[derive(Clone, Debug, Default)]
pub struct FakeKernel {
    shared: Arc<Shared>,
}

/// Its events. Each subscriber hears of all changes if it is the only one.
#[derive(Clone, Debug)]
pub struct FakeEvents {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<FakeState>,
    changed: Notify,
}

/// What the kernel holds. A test may change all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FakeState {
    /// Tables, ours and others'.
    pub tables: BTreeMap<TableId, TableImage>,
    /// Tracked connections.
    pub flows: Vec<Flow>,
    /// `ip_forward`.
    pub forwarding: bool,
    /// How many transactions were committed.
    pub transactions: u64,
    /// How many foreign changes there were.
    pub edits: u64,
    /// How many of the next writes are refused with `EPERM`.
    pub refuse: u32,
}

impl FakeKernel {
    /// An empty kernel that does not forward.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Its events, including those of changes that were made already.
    #[must_use]
    pub fn events(&self) -> FakeEvents {
        FakeEvents {
            shared: Arc::clone(&self.shared),
        }
    }

    /// What it holds now.
    #[must_use]
    pub fn state(&self) -> FakeState {
        self.shared.lock().clone()
    }

    /// The table, if it is there.
    #[must_use]
    pub fn table(&self, table: TableId) -> Option<TableImage> {
        self.shared.lock().tables.get(&table).cloned()
    }

    /// How many transactions and foreign changes there were: another number, another state.
    #[must_use]
    pub fn changes(&self) -> u64 {
        let state = self.shared.lock();
        state.transactions + state.edits
    }

    /// A foreign change, with the event that it causes.
    pub fn edit<T>(&self, change: impl FnOnce(&mut FakeState) -> T) -> T {
        let result = self.edit_silently(change);
        self.shared.changed.notify_one();
        result
    }

    /// A foreign change whose event is lost.
    pub fn edit_silently<T>(&self, change: impl FnOnce(&mut FakeState) -> T) -> T {
        let mut state = self.shared.lock();
        state.edits += 1;
        change(&mut state)
    }

    /// `nft flush ruleset`.
    pub fn flush_ruleset(&self) {
        self.edit(|state| state.tables.clear());
    }

    fn commit(
        &self,
        doing: &str,
        change: impl FnOnce(&mut BTreeMap<TableId, TableImage>) -> io::Result<()>,
    ) -> Result<(), KernelError> {
        let refused = |source| KernelError::Refused {
            doing: doing.to_owned(),
            source,
        };
        let mut state = self.shared.lock();
        state.check_refusal().map_err(refused)?;
        let mut next = state.tables.clone();
        change(&mut next).map_err(refused)?;
        state.tables = next;
        state.transactions += 1;
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Shared {
    /// A test that panics in `edit` leaves a state that is as good as any other.
    fn lock(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeState {
    /// Our table.
    ///
    /// # Panics
    /// If it is not there.
    pub fn ours(&mut self) -> &mut TableImage {
        self.tables.get_mut(&TABLE).expect("our table is there")
    }

    fn check_refusal(&mut self) -> io::Result<()> {
        if self.refuse > 0 {
            self.refuse -= 1;
            return Err(io::Error::from_raw_os_error(libc::EPERM));
        }
        Ok(())
    }
}

impl Kernel for FakeKernel {
    fn read_table(&mut self, table: TableId) -> Result<Option<TableImage>, KernelError> {
        Ok(self.table(table))
    }

    fn replace_table(&mut self, table: TableId, image: &TableImage) -> Result<(), KernelError> {
        self.commit("replacing the table", |tables| {
            tables.insert(table, image.clone());
            Ok(())
        })
    }

    fn update_table(&mut self, table: TableId, update: &TableUpdate) -> Result<(), KernelError> {
        self.commit("updating the table", |tables| {
            let table = tables.get_mut(&table).ok_or_else(missing)?;
            for update in &update.chains {
                let chain = table
                    .chains
                    .iter_mut()
                    .find(|chain| chain.name == update.chain)
                    .ok_or_else(missing)?;
                chain.rules.clone_from(&update.rules);
            }
            for update in &update.sets {
                let set = table
                    .sets
                    .iter_mut()
                    .find(|set| set.name == update.set)
                    .ok_or_else(missing)?;
                change_elements(set, update)?;
            }
            Ok(())
        })
    }

    fn remove_table(&mut self, table: TableId) -> Result<bool, KernelError> {
        if !self.shared.lock().tables.contains_key(&table) {
            return Ok(false);
        }
        self.commit("removing the table", |tables| {
            tables.remove(&table).map(drop).ok_or_else(missing)
        })?;
        Ok(true)
    }

    fn close_flows(&mut self, closing: &Closing) -> Result<u32, KernelError> {
        let mut state = self.shared.lock();
        let before = state.flows.len();
        state.flows.retain(|flow| !closing.closes(flow));
        Ok(u32::try_from(before - state.flows.len()).unwrap_or(u32::MAX))
    }

    fn forwarding(&mut self) -> Result<bool, KernelError> {
        Ok(self.shared.lock().forwarding)
    }

    fn enable_forwarding(&mut self) -> Result<(), KernelError> {
        let failed = |source| KernelError::Forwarding {
            doing: "writing 1 to",
            path: "ip_forward".into(),
            source,
        };
        let mut state = self.shared.lock();
        state.check_refusal().map_err(failed)?;
        state.forwarding = true;
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

fn change_elements(set: &mut SetImage, update: &ElementUpdate) -> io::Result<()> {
    for key in update.remove.keys() {
        set.elements.remove(key).ok_or_else(missing)?;
    }
    for (key, value) in &update.add {
        if set.elements.insert(key.clone(), value.clone()).is_some() {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
    }
    Ok(())
}

fn missing() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOENT)
}

impl KernelEvents for FakeEvents {
    async fn changed(&mut self) -> Result<(), KernelError> {
        self.shared.changed.notified().await;
        Ok(())
    }
}
