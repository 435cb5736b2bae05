//! How what the kernel holds differs from what it should hold, and the least that makes them equal.
//!
//! In: two [`TableImage`]s. Out: a [`Difference`]. Pure.
//!
//! The order of chains and of sets among each other means nothing to a packet; the order of rules
//! does. So chains and sets are matched by name, rules by position.

use super::{ChainImage, RuleImage, SetImage, TableImage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Only what is in chains and maps: that can be changed in place, and disturbs nothing else.
    Contents(TableUpdate),
    /// More than that: the table must be replaced. For people: where they differ.
    Table(String),
}

/// What must change within the chains and maps of a table that is otherwise right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableUpdate {
    /// The chains that get other rules.
    pub chains: Vec<ChainUpdate>,
    /// The maps that get other elements.
    pub sets: Vec<ElementUpdate>,
}

/// All rules that a chain must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainUpdate {
    /// The chain.
    pub chain: String,
    /// Its rules from now on.
    pub rules: Vec<RuleImage>,
    /// For people: where its rules differed.
    pub difference: String,
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
        match self {
            Self::Table(place) => f.write_str(place),
            Self::Contents(update) => {
                let chains = update.chains.iter().map(|chain| chain.difference.clone());
                let sets = update.sets.iter().map(ElementUpdate::to_string);
                f.write_str(&chains.chain(sets).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl fmt::Display for ElementUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = self
            .remove
            .keys()
            .filter(|key| self.add.contains_key(*key))
            .count();
        let (foreign, missing) = (self.remove.len() - changed, self.add.len() - changed);
        write!(
            f,
            "map {} has {missing} elements missing, {foreign} foreign, {changed} changed",
            self.set
        )
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
        let chains = self
            .chains
            .iter()
            .filter_map(|wanted| wanted.update(actual.chain(&wanted.name)?));
        let sets = self
            .sets
            .iter()
            .filter_map(|wanted| wanted.element_update(actual.set(&wanted.name)?));
        let update = TableUpdate {
            chains: chains.collect(),
            sets: sets.collect(),
        };
        (update != TableUpdate::default()).then_some(Difference::Contents(update))
    }

    fn structural_difference(&self, actual: &Self) -> Option<String> {
        if self.flags != actual.flags {
            return Some(format!(
                "the table's flags are {:#x} instead of {:#x}",
                actual.flags, self.flags
            ));
        }
        let names = |image: &Self| {
            image
                .chains
                .iter()
                .map(|chain| chain.name.clone())
                .collect()
        };
        different_names("chain", &names(self), &names(actual))
            .or_else(|| {
                let names = |image: &Self| image.sets.iter().map(|set| set.name.clone()).collect();
                different_names("set", &names(self), &names(actual))
            })
            .or_else(|| {
                self.chains
                    .iter()
                    .find_map(|wanted| wanted.hook_difference(actual.chain(&wanted.name)?))
            })
            .or_else(|| {
                self.sets
                    .iter()
                    .find_map(|wanted| wanted.shape_difference(actual.set(&wanted.name)?))
            })
    }

    fn chain(&self, name: &str) -> Option<&ChainImage> {
        self.chains.iter().find(|chain| chain.name == name)
    }

    pub(super) fn set(&self, name: &str) -> Option<&SetImage> {
        self.sets.iter().find(|set| set.name == name)
    }
}

impl ChainImage {
    fn hook_difference(&self, actual: &Self) -> Option<String> {
        let same = self.base == actual.base && self.flags == actual.flags;
        (!same).then(|| {
            format!(
                "chain {} is hooked as {:?}, not {:?}",
                self.name, actual.base, self.base
            )
        })
    }

    fn update(&self, actual: &Self) -> Option<ChainUpdate> {
        let difference = self.rule_difference(actual)?;
        Some(ChainUpdate {
            chain: self.name.clone(),
            rules: self.rules.clone(),
            difference,
        })
    }

    fn rule_difference(&self, actual: &Self) -> Option<String> {
        let name = &self.name;
        let differing = self
            .rules
            .iter()
            .zip(&actual.rules)
            .position(|(wanted, found)| wanted != found);
        if let Some(index) = differing {
            return Some(format!("rule {} of chain {name} is another", index + 1));
        }
        let (wanted, found) = (self.rules.len(), actual.rules.len());
        (wanted != found).then(|| format!("chain {name} has {found} rules instead of {wanted}"))
    }
}

impl SetImage {
    fn shape_difference(&self, actual: &Self) -> Option<String> {
        let shape = |set: &Self| {
            (
                set.flags,
                set.key_type,
                set.key_len,
                set.data_type,
                set.data_len,
                set.capacity,
            )
        };
        (shape(self) != shape(actual))
            .then(|| format!("set {} is of another type or size", self.name))
    }

    fn element_update(&self, actual: &Self) -> Option<ElementUpdate> {
        let missing_from = |all: &Self, from: &Self| {
            all.elements
                .iter()
                .filter(|(key, value)| from.elements.get(*key) != Some(*value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        let update = ElementUpdate {
            set: self.name.clone(),
            remove: missing_from(actual, self),
            add: missing_from(self, actual),
        };
        (!update.remove.is_empty() || !update.add.is_empty()).then_some(update)
    }
}

fn different_names(
    what: &str,
    wanted: &BTreeSet<String>,
    found: &BTreeSet<String>,
) -> Option<String> {
    if let Some(name) = wanted.difference(found).next() {
        return Some(format!("{what} {name} is not there"));
    }
    found
        .difference(wanted)
        .next()
        .map(|name| format!("{what} {name} is not ours"))
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
            elements: [(1, 10), (2, 20)]
                .map(|(key, value)| (Box::from([0, key]), Box::from([value; 8])))
                .into(),
        };
        let rules = vec![
            vec![Expression::Masquerade { flags: 0 }],
            vec![Expression::Verdict {
                code: 1,
                chain: None,
            }],
        ];
        let chain = ChainImage {
            name: "c".into(),
            base: None,
            flags: 0,
            rules,
        };
        TableImage {
            flags: 0,
            chains: vec![
                chain.clone(),
                ChainImage {
                    name: "d".into(),
                    ..chain
                },
            ],
            sets: vec![set],
        }
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
        assert_eq!(
            image().compare(None),
            Some(Difference::Table("the table is not there".into()))
        );
        assert_eq!(
            table_difference(|t| t.flags = 1),
            "the table's flags are 0x1 instead of 0x0"
        );
        assert_eq!(
            table_difference(|t| t.chains[1].name = "e".into()),
            "chain d is not there"
        );
        assert_eq!(
            table_difference(|t| t.sets.push(SetImage {
                name: "n".into(),
                ..t.sets[0].clone()
            })),
            "set n is not ours"
        );
        assert_eq!(
            table_difference(|t| t.sets[0].key_len = 4),
            "set m is of another type or size"
        );
    }

    #[test]
    fn rules_alone_are_updated_alone() {
        let mut actual = image();
        actual.chains[0].rules.swap(0, 1);
        let difference = image().compare(Some(&actual)).expect("a difference");
        assert_eq!(difference.to_string(), "rule 1 of chain c is another");
        actual.chains[1].rules.clear();
        let difference = image().compare(Some(&actual)).expect("a difference");
        assert_eq!(
            difference.to_string(),
            "rule 1 of chain c is another, chain d has 0 rules instead of 2"
        );
        let Difference::Contents(update) = difference else {
            panic!("not in place")
        };
        assert!(update.sets.is_empty());
        assert_eq!(
            update
                .chains
                .iter()
                .map(|chain| (&*chain.chain, chain.rules.len()))
                .collect::<Vec<_>>(),
            [("c", 2), ("d", 2)]
        );
    }

    #[test]
    fn elements_alone_are_updated_alone() {
        let mut actual = image();
        let elements = &mut actual.sets[0].elements;
        elements.remove(&[0, 1][..]);
        elements.insert(Box::from([0, 2]), Box::from([99; 8]));
        elements.insert(Box::from([0, 3]), Box::from([30; 8]));
        let Some(Difference::Contents(update)) = image().compare(Some(&actual)) else {
            panic!("not in place")
        };
        let updates = update.sets;
        assert_eq!((updates.len(), update.chains.len()), (1, 0));
        let keys =
            |map: &BTreeMap<Box<[u8]>, Box<[u8]>>| map.keys().map(|key| key[1]).collect::<Vec<_>>();
        assert_eq!(
            (keys(&updates[0].remove), keys(&updates[0].add)),
            (vec![2, 3], vec![1, 2])
        );
    }
}
