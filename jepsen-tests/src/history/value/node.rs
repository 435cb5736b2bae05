//! What a node looked like.

use std::net::Ipv4Addr;

use clojure_reader::edn::Edn;

use super::{Shape, shape};
use crate::history::edn::{Fields, ShapeError, boolean, keyword, number, parsed, text, unsigned};
use crate::history::operation::{name_of, named};

/// A node's table.
///
/// `{:applied 1234, :applied-at-most 1236, :asked 17, :digest "ab12…", :leases [{…} …]}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    /// The last applied log index.
    pub applied: u64,
    /// The node went on while it was read: the table is of an index from `applied` to this one. Nothing, if
    /// it is of `applied` exactly.
    pub applied_at_most: Option<u64>,
    /// The digest of the state at that index, where it could be had.
    pub digest: Option<String>,
    /// When the question was sent; the answer came at the operation's time.
    pub asked: u64,
    /// The lease table; nothing, if only the digest was read.
    pub leases: Option<Vec<LeaseRow>>,
}

/// `{:address "10.15.3.100", :client "02:…", :state :bound}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Which.
    pub address: Ipv4Addr,
    /// Whose; of a quarantined address, nobody's.
    pub client: Option<String>,
    /// How it stands.
    pub state: LeaseState,
}

/// As `gatewayctl lease list` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// Held for a client that was sent an OFFER.
    Offered,
    /// Granted.
    Bound,
    /// Given up.
    Released,
    /// Its time is over.
    Expired,
    /// Given to nobody for a while.
    Quarantined,
}

/// A node's rules: `{:equal? false, :detail "…"}`. Equal to what the cluster's state plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesetSeen {
    /// Whether the kernel has exactly the plan.
    pub equal: bool,
    /// What differs.
    pub detail: Option<String>,
}

const STATES: &[(&str, LeaseState)] = &[
    ("offered", LeaseState::Offered),
    ("bound", LeaseState::Bound),
    ("released", LeaseState::Released),
    ("expired", LeaseState::Expired),
    ("quarantined", LeaseState::Quarantined),
];

impl LeaseState {
    /// The state of that name, as the admin API writes it.
    pub fn parse(name: &str) -> Option<Self> {
        named(STATES, name)
    }
}

impl Shape for NodeState {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![
            ("applied", number(self.applied)),
            ("asked", number(self.asked)),
        ];
        let at_most = self.applied_at_most;
        entries.extend(at_most.map(|index| ("applied-at-most", number(index))));
        entries.extend(self.digest.iter().map(|digest| ("digest", text(digest))));
        if let Some(leases) = &self.leases {
            let rows = leases.iter().map(Shape::edn).collect();
            entries.push(("leases", Edn::Vector(rows)));
        }
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        let rows = || fields.list("leases", shape);
        Ok(Self {
            applied: fields.required("applied", unsigned)?,
            applied_at_most: fields.optional("applied-at-most", unsigned)?,
            digest: fields.optional("digest", parsed)?,
            asked: fields.required("asked", unsigned)?,
            leases: fields.get("leases").map(|_| rows()).transpose()?,
        })
    }
}

impl Shape for LeaseRow {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![
            ("address", text(&self.address)),
            ("state", Edn::key(name_of(STATES, &self.state))),
        ];
        entries.extend(self.client.iter().map(|client| ("client", text(client))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        let state = |edn| {
            let known = LeaseState::parse(keyword(edn)?);
            known.ok_or_else(|| ShapeError::not("a lease state", edn))
        };
        Ok(Self {
            address: fields.required("address", parsed)?,
            client: fields.optional("client", parsed)?,
            state: fields.required("state", state)?,
        })
    }
}

impl Shape for RulesetSeen {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("equal?", Edn::Bool(self.equal))];
        entries.extend(self.detail.iter().map(|detail| ("detail", text(detail))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            equal: fields.required("equal?", boolean)?,
            detail: fields.optional("detail", parsed)?,
        })
    }
}
