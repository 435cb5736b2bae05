//! How what the kernel holds differs from what it should hold, and the least that makes them equal.
//!
//! In: two [`TableImage`]s. Out: a [`Difference`]. Pure.
//!
//! The order of chains and of sets among each other means nothing to a packet; the order of rules
//! does. So chains and sets are matched by name, rules by position.

use super::{ChainImage, SetImage, TableImage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Only elements of maps: they can be changed one by one.
    Elements(Vec<ElementUpdate>),
    /// More than that: the table must be replaced. For people: where they differ.
    Table(String),
}

/// How one set's elements must change. What is in both has changed its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElementUpdate {
    /// The set.
    pub set: String,
    /// Goes, with the value that it has now.
    pub remove: BTreeMap<Box<[u8]>, Box<[u8]>>,
    /// Comes.
    pub add: BTreeMap<Box<[u8]>, Box<[u8]>>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let updates = match self {
            Self::Table(place) => return f.write_str(place),
            Self::Elements(updates) => updates,
        };
        for (index, update) in updates.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let changed = update.remove.keys().filter(|key| update.add.contains_key(*key)).count();
            let (foreign, missing) = (update.remove.len() - changed, update.add.len() - changed);
            let set = &update.set;
            write!(f, "{separator}map {set} has {missing} elements missing, {foreign} foreign, {changed} changed")?;
        }
        Ok(())
    }
}

impl TableImage {
    /// How `actual` differs from this, which is what is wanted.
    #[must_use]
    pub fn compare(&self, actual: Option<&Self>) -> Option<Difference> {
        let Some(actual) = actual else {
            return Some(Difference::Table("the table is not there".to_owned()));
        };
        if let Some(place) = self.structural_difference(actual) {
            return Some(Difference::Table(place));
        }
        let updates: Vec<_> = self
            .sets
            .iter()
            .filter_map(|wanted| actual.set(&wanted.name).and_then(|found| wanted.element_update(found)))
            .collect();
        (!updates.is_empty()).then_some(Difference::Elements(updates))
    }

    fn structural_difference(&self, actual: &Self) -> Option<String> {
        if self.flags != actual.flags {
            return Some(format!("the table's flags are {:#x} instead of {:#x}", actual.flags, self.flags));
        }
        let names = |image: &Self| image.chains.iter().map(|chain| chain.name.clone()).collect();
        different_names("chain", &names(self), &names(actual))
            .or_else(|| {
                let names = |image: &Self| image.sets.iter().map(|set| set.name.clone()).collect();
                different_names("set", &names(self), &names(actual))
            })
            .or_else(|| self.chains.iter().find_map(|wanted| wanted.difference(actual.chain(&wanted.name)?)))
            .or_else(|| self.sets.iter().find_map(|wanted| wanted.shape_difference(actual.set(&wanted.name)?)))
    }

    fn chain(&self, name: &str) -> Option<&ChainImage> {
        self.chains.iter().find(|chain| chain.name == name)
    }

    fn set(&self, name: &str) -> Option<&SetImage> {
        self.sets.iter().find(|set| set.name == name)
    }
}

impl ChainImage {
    fn difference(&self, actual: &Self) -> Option<String> {
        let name = &self.name;
        if self.base != actual.base || self.flags != actual.flags {
            return Some(format!("chain {name} is hooked as {:?}, not {:?}", actual.base, self.base));
        }
        let differing = self.rules.iter().zip(&actual.rules).position(|(wanted, found)| wanted != found);
        if let Some(index) = differing {
            return Some(format!("rule {} of chain {name} is another", index + 1));
        }
        let (wanted, found) = (self.rules.len(), actual.rules.len());
        (wanted != found).then(|| format!("chain {name} has {found} rules instead of {wanted}"))
    }
}

impl SetImage {
    fn shape_difference(&self, actual: &Self) -> Option<String> {
        let shape = |set: &Self| (set.flags, set.key_type, set.key_len, set.data_type, set.data_len, set.capacity);
        (shape(self) != shape(actual)).then(|| format!("set {} is of another type or size", self.name))
    }

    fn element_update(&self, actual: &Self) -> Option<ElementUpdate> {
        let missing_from = |all: &Self, from: &Self| {
            let absent = |(key, value): &(&Box<[u8]>, &Box<[u8]>)| from.elements.get(*key) != Some(*value);
            all.elements.iter().filter(absent).map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let update = ElementUpdate {
            set: self.name.clone(),
            remove: missing_from(actual, self),
            add: missing_from(self, actual),
        };
        (!update.remove.is_empty() || !update.add.is_empty()).then_some(update)
    }
}

fn different_names(what: &str, wanted: &BTreeSet<String>, found: &BTreeSet<String>) -> Option<String> {
    if let Some(name) = wanted.difference(found).next() {
        return Some(format!("{what} {name} is not there"));
    }
    found.difference(wanted).next().map(|name| format!("{what} {name} is not ours"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Expression;

    fn image() -> TableImage {
        let set = SetImage {
            name: "m".into(),
            flags: 8,
            key_type: 13,
            key_len: 2,
            data_type: 461,
            data_len: 8,
            capacity: 16,
            elements: [(1, 10), (2, 20)].map(|(key, value)| (Box::from([0, key]), Box::from([value; 8]))).into(),
        };
        let rules = vec![vec![Expression::Masquerade { flags: 0 }], vec![Expression::Verdict { code: 1, chain: None }]];
        let chain = ChainImage { name: "c".into(), base: None, flags: 0, rules };
        TableImage { flags: 0, chains: vec![chain.clone(), ChainImage { name: "d".into(), ..chain }], sets: vec![set] }
    }

    fn table_difference(edit: impl FnOnce(&mut TableImage)) -> String {
        let mut actual = image();
        edit(&mut actual);
        match image().compare(Some(&actual)) {
            Some(Difference::Table(place)) => place,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn order_of_chains_means_nothing() {
        let mut actual = image();
        actual.chains.reverse();
        assert_eq!(image().compare(Some(&actual)), None);
    }

    #[test]
    fn every_structural_change_is_seen() {
        assert_eq!(image().compare(None), Some(Difference::Table("the table is not there".into())));
        assert_eq!(table_difference(|t| t.flags = 1), "the table's flags are 0x1 instead of 0x0");
        assert_eq!(table_difference(|t| t.chains[0].rules.swap(0, 1)), "rule 1 of chain c is another");
        assert_eq!(table_difference(|t| t.chains[1].rules.clear()), "chain d has 0 rules instead of 2");
        assert_eq!(table_difference(|t| t.chains[1].name = "e".into()), "chain d is not there");
        assert_eq!(table_difference(|t| t.sets.push(SetImage { name: "n".into(), ..t.sets[0].clone() })), "set n is not ours");
        assert_eq!(table_difference(|t| t.sets[0].key_len = 4), "set m is of another type or size");
    }

    #[test]
    fn elements_alone_are_updated_alone() {
        let mut actual = image();
        let elements = &mut actual.sets[0].elements;
        elements.remove(&[0, 1][..]);
        elements.insert(Box::from([0, 2]), Box::from([99; 8]));
        elements.insert(Box::from([0, 3]), Box::from([30; 8]));
        let Some(Difference::Elements(updates)) = image().compare(Some(&actual)) else { panic!("not elements") };
        assert_eq!(updates.len(), 1);
        let keys = |map: &BTreeMap<Box<[u8]>, Box<[u8]>>| map.keys().map(|key| key[1]).collect::<Vec<_>>();
        assert_eq!((keys(&updates[0].remove), keys(&updates[0].add)), (vec![2, 3], vec![1, 2]));
    }
}
