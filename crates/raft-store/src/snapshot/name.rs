//! A snapshot file's name: `<term>-<index>.snap` of the last entry in it, both in 20 digits.
//!
//! There is no leader in it: a term has one leader (see [`crate::LeaderId`]).

use crate::LogId;
use std::fmt;

const SUFFIX: &str = ".snap";
const DIGITS: usize = 20;

/// Sorts as log ids do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    term: u64,
    index: u64,
}

impl Name {
    pub(super) const fn of(last: LogId) -> Self {
        Self {
            term: last.leader_id.term,
            index: last.index,
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let (term, index) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        if term.len() != DIGITS || index.len() != DIGITS {
            return None;
        }
        let (term, index) = (term.parse().ok()?, index.parse().ok()?);
        Some(Self { term, index })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$}-{:0DIGITS$}{SUFFIX}", self.term, self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_sort() {
        let names = [(0, 9), (1, 2), (1, 10), (u64::MAX, u64::MAX)];
        let names = names.map(|(term, index)| Name { term, index });
        assert!(names.is_sorted());
        assert!(names.map(|name| name.to_string()).is_sorted());
        for name in names {
            assert_eq!(Name::parse(&name.to_string()), Some(name));
        }
        for garbage in [
            "",
            "1-2.snap",
            "x.snap.tmp",
            "00000000000000000001-0000000000000000000x.snap",
        ] {
            assert_eq!(Name::parse(garbage), None, "{garbage}");
        }
    }
}
