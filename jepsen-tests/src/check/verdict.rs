//! What a checker says.

use std::net::Ipv4Addr;

use serde::{Serialize, Serializer};

/// A checker's verdict on one history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The contract's rule: `S1`.
    pub rule: &'static str,
    /// The promise in a few words.
    pub what: &'static str,
    /// Whether it was kept.
    #[serde(rename = "valid?")]
    pub validity: Validity,
    /// How many things were put to the test. With none, the verdict says nothing.
    pub judged: usize,
    /// What breaks it, or why it is unknown.
    pub evidence: Vec<Evidence>,
}

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validity {
    /// No breach found.
    Valid,
    /// It cannot be told. Counts as a failure.
    Unknown,
    /// Broken.
    Invalid,
}

/// One breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// For people.
    pub text: String,
    /// The lines of the history, by `:index`.
    pub indexes: Vec<u64>,
    /// Where it shows in the timeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A part of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The row.
    pub address: Ipv4Addr,
    /// From, in nanoseconds since the run began.
    pub from: u64,
    /// Until.
    pub until: u64,
}

impl Verdict {
    /// Valid unless there is evidence.
    pub fn of(
        rule: &'static str,
        what: &'static str,
        judged: usize,
        evidence: Vec<Evidence>,
    ) -> Self {
        let validity = if evidence.is_empty() {
            Validity::Valid
        } else {
            Validity::Invalid
        };
        Self {
            rule,
            what,
            validity,
            judged,
            evidence,
        }
    }

    /// The promise by its name, and in words where a rule has several.
    pub fn name(&self) -> String {
        format!("{} ({})", self.rule, self.what)
    }

    /// It cannot be told, because …
    pub fn unknown(rule: &'static str, what: &'static str, because: String) -> Self {
        Self {
            rule,
            what,
            validity: Validity::Unknown,
            judged: 0,
            evidence: vec![Evidence::new(because, Vec::new())],
        }
    }
}

impl Evidence {
    /// A breach that the lines `indexes` show.
    pub fn new(text: String, indexes: Vec<u64>) -> Self {
        Self {
            text,
            indexes,
            place: None,
        }
    }

    /// The same, with its place in the timeline.
    pub fn at(mut self, address: Ipv4Addr, from: u64, until: u64) -> Self {
        self.place = Some(Place {
            address,
            from,
            until,
        });
        self
    }
}

/// As Jepsen's `:valid?`: true, false or "unknown".
impl Serialize for Validity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Valid => serializer.serialize_bool(true),
            Self::Invalid => serializer.serialize_bool(false),
            Self::Unknown => serializer.serialize_str("unknown"),
        }
    }
}

/// A moment as people read it: seconds since the run began.
pub fn seconds(nanoseconds: u64) -> String {
    let thousandths = nanoseconds / 1_000_000;
    format!("{}.{:03} s", thousandths / 1000, thousandths % 1000)
}
