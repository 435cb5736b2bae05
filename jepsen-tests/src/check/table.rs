//! The model of what operators allocate: a table of names and what they stand for.
//!
//! Reservations (client to address, each address once), forwards (public port to target) and members
//! (node) are all such tables.

use std::collections::BTreeMap;

use super::linear::Model;

/// Names and what they stand for.
pub type Table = BTreeMap<String, String>;

/// A table and its rules.
#[derive(Clone, Debug, Default)]
pub struct TableModel {
    /// What is in it at first.
    pub initial: Table,
    /// Whether two names may not stand for the same.
    pub values_once: bool,
    /// Whether adding what is there, and removing what is not, may succeed and change nothing.
    pub repeatable: bool,
    /// Whether adding the very same again succeeds and changes nothing.
    pub same_again: bool,
}

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableCall {
    /// Added.
    Added(String, String),
    /// Refused, as the name or the value is taken.
    Taken(String, String),
    /// Nobody knows whether it was added.
    MaybeAdded(String, String),
    /// Removed.
    Removed(String),
    /// Refused, as there is no such name.
    NotFound(String),
    /// Nobody knows whether it was removed.
    MaybeRemoved(String),
    /// All of it.
    Read(Table),
}

impl TableModel {
    fn is_same_again(&self, table: &Table, name: &str, value: &str) -> bool {
        self.same_again && table.get(name).is_some_and(|known| known == value)
    }

    fn is_taken(&self, table: &Table, name: &str, value: &str) -> bool {
        let value_taken = self.values_once && table.values().any(|known| known == value);
        table.contains_key(name) || value_taken
    }
}

impl Model for TableModel {
    type State = Table;
    type Call = TableCall;

    fn initial(&self) -> Table {
        self.initial.clone()
    }

    fn step(&self, table: &Table, call: &TableCall) -> Option<Table> {
        let same = |legal: bool| legal.then(|| table.clone());
        match call {
            TableCall::Added(name, value) if self.is_taken(table, name, value) => same(
                self.repeatable && table.contains_key(name)
                    || self.is_same_again(table, name, value),
            ),
            TableCall::MaybeAdded(name, value) if self.is_taken(table, name, value) => same(true),
            TableCall::Added(name, value) | TableCall::MaybeAdded(name, value) => {
                let mut table = table.clone();
                table.insert(name.clone(), value.clone());
                Some(table)
            }
            TableCall::Taken(name, value) => {
                same(self.is_taken(table, name, value) && !self.is_same_again(table, name, value))
            }
            TableCall::Removed(name) if !table.contains_key(name) => same(self.repeatable),
            TableCall::Removed(name) | TableCall::MaybeRemoved(name) => {
                let mut table = table.clone();
                table.remove(name);
                Some(table)
            }
            TableCall::NotFound(name) => same(!table.contains_key(name)),
            TableCall::Read(seen) => same(seen == table),
        }
    }

    fn only_looks(&self, call: &TableCall) -> bool {
        matches!(
            call,
            TableCall::Taken(..) | TableCall::NotFound(_) | TableCall::Read(_)
        )
    }
}
