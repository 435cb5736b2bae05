//! Typed access to EDN values, with errors that name the key.
//!
//! Syntax is the library's (`clojure-reader`); this is only about shapes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use clojure_reader::edn::Edn;
use thiserror::Error;

/// The longest excerpt of a value in a message.
const EXCERPT: usize = 60;

/// A value that is not of the shape it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}{problem}")]
pub struct ShapeError {
    /// The keys that lead to it, each with a space after it.
    path: String,
    problem: String,
}

impl ShapeError {
    /// `found` is not `wanted`.
    pub fn not(wanted: &str, found: &Edn<'_>) -> Self {
        let found: String = found.to_string().chars().take(EXCERPT).collect();
        Self::new(format!("{found} is not {wanted}"))
    }

    /// Something else.
    pub fn new(problem: String) -> Self {
        Self {
            path: String::new(),
            problem,
        }
    }

    /// The same, under `key`.
    pub fn under(mut self, key: &str) -> Self {
        self.path = format!(":{key} {}", self.path);
        self
    }
}

/// A map with keywords as keys.
pub struct Fields<'a> {
    map: &'a BTreeMap<Edn<'a>, Edn<'a>>,
}

impl<'a> Fields<'a> {
    pub fn of(edn: &'a Edn<'a>) -> Result<Self, ShapeError> {
        match edn {
            Edn::Map(map) => Ok(Self { map }),
            other => Err(ShapeError::not("a map", other)),
        }
    }

    /// What stands under `key`; nil counts as nothing.
    pub fn get(&self, key: &str) -> Option<&'a Edn<'a>> {
        let value = self.map.get(&Edn::key(key.to_owned()));
        value.filter(|value| **value != Edn::Nil)
    }

    /// What `read` makes of the value under `key`, which must be there.
    pub fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Edn<'a>) -> Result<T, ShapeError>,
    ) -> Result<T, ShapeError> {
        let value = self.get(key);
        let value = value.ok_or_else(|| ShapeError::new(format!("has no :{key}")))?;
        read(value).map_err(|error| error.under(key))
    }

    /// What `read` makes of the value under `key`, if there is one.
    pub fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Edn<'a>) -> Result<T, ShapeError>,
    ) -> Result<Option<T>, ShapeError> {
        let value = self.get(key).map(read).transpose();
        value.map_err(|error| error.under(key))
    }

    /// A vector under `key`; empty if there is none.
    pub fn list<T>(
        &self,
        key: &str,
        read: impl FnMut(&'a Edn<'a>) -> Result<T, ShapeError>,
    ) -> Result<Vec<T>, ShapeError> {
        let items = match self.get(key) {
            None => return Ok(Vec::new()),
            Some(Edn::Vector(items)) => items,
            Some(other) => return Err(ShapeError::not("a vector", other).under(key)),
        };
        let items: Result<Vec<T>, ShapeError> = items.iter().map(read).collect();
        items.map_err(|error| error.under(key))
    }
}

/// A map with these keywords.
pub fn map(entries: Vec<(&'static str, Edn<'static>)>) -> Edn<'static> {
    let entries = entries.into_iter();
    Edn::Map(entries.map(|(key, value)| (Edn::key(key), value)).collect())
}

/// Anything as a string.
pub fn text(value: &(impl ToString + ?Sized)) -> Edn<'static> {
    Edn::string(value.to_string())
}

/// A number. EDN's are signed; ours never come near the limit.
pub fn number(value: u64) -> Edn<'static> {
    Edn::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Strings as a vector.
pub fn texts<T: ToString>(values: &[T]) -> Edn<'static> {
    Edn::Vector(values.iter().map(text).collect())
}

/// A whole number that is not negative.
pub fn unsigned(edn: &Edn<'_>) -> Result<u64, ShapeError> {
    let Edn::Int(number) = edn else {
        return Err(ShapeError::not("a whole number", edn));
    };
    u64::try_from(*number).map_err(|_| ShapeError::not("a number from 0", edn))
}

pub fn boolean(edn: &Edn<'_>) -> Result<bool, ShapeError> {
    match edn {
        Edn::Bool(value) => Ok(*value),
        other => Err(ShapeError::not("true or false", other)),
    }
}

pub fn string<'a>(edn: &'a Edn<'_>) -> Result<&'a str, ShapeError> {
    match edn {
        Edn::Str(value) => Ok(value),
        other => Err(ShapeError::not("a string", other)),
    }
}

pub fn keyword<'a>(edn: &'a Edn<'_>) -> Result<&'a str, ShapeError> {
    match edn {
        Edn::Key(value) => Ok(value),
        other => Err(ShapeError::not("a keyword", other)),
    }
}

/// A string that means something.
pub fn parsed<T: FromStr>(edn: &Edn<'_>) -> Result<T, ShapeError>
where
    T::Err: Display,
{
    let text = string(edn)?;
    text.parse()
        .map_err(|error| ShapeError::new(format!("{text:?}: {error}")))
}
