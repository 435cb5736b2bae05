//! What a node says of itself, and what it is to be seen beside.

use clojure_reader::edn::Edn;

use super::{Shape, shape};
use crate::history::edn::{Fields, ShapeError, boolean, number, parsed, text, texts, unsigned};

/// A node's status, as `gatewayctl status` showed it.
///
/// `{:asked 17, :exit 7, :first-line "DEGRADED: …", :level "degraded", :in-service? true, :term 3,
/// :leader "n1", :not-serving ["n2"], :blockers [{:kind "member_unreachable", :node "n2", :cause "…"}]}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When the question was sent; the answer came at the operation's time.
    pub asked: u64,
    /// The tool's exit status; nothing, if a signal ended it.
    pub exit: Option<u64>,
    /// The first line that a person reads.
    pub first_line: String,
    /// The same for programs; nothing, if only the text was asked for, or the node did not answer.
    pub told: Option<Told>,
}

/// A node's status in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// healthy, degraded or not_serving.
    pub level: String,
    /// Whether it answers clients.
    pub in_service: bool,
    /// Why it does not.
    pub reason: Option<String>,
    /// The Raft term.
    pub term: u64,
    /// Who leads, if anybody is known to.
    pub leader: Option<String>,
    /// Members that do not answer clients, as this node sees them.
    pub not_serving: Vec<String>,
    /// What is amiss.
    pub blockers: Vec<Amiss>,
}

/// Something that is amiss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amiss {
    /// Its name for programs.
    pub kind: String,
    /// The member that it is about.
    pub node: Option<String>,
    /// What it is.
    pub cause: String,
}

/// A client's DHCPDISCOVER: `{:client "02:…", :near "n1", :xid 77, :copies 2}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub client: String,
    /// The node of the host that the client is on.
    pub near: String,
    /// Its transaction.
    pub xid: u32,
    /// How many times it was sent by now.
    pub copies: u64,
}

/// The machine that the whole run is on was busy, or stood still, until this line's time: `{:what "disk", :since 17}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// [`Stall::DISK`] or [`Stall::PROCESSOR`].
    pub what: String,
    /// Since when.
    pub since: u64,
}

impl Stall {
    /// The disk: syncs took long.
    pub const DISK: &'static str = "disk";
    /// The processors: a thread did not get one in time.
    pub const PROCESSOR: &'static str = "processor";
}

impl Shape for Stall {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        vec![("what", text(&self.what)), ("since", number(self.since))]
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            what: fields.required("what", parsed)?,
            since: fields.required("since", unsigned)?,
        })
    }
}

impl Shape for Shown {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![
            ("asked", number(self.asked)),
            ("first-line", text(&self.first_line)),
        ];
        entries.extend(self.exit.map(|exit| ("exit", number(exit))));
        let Some(told) = &self.told else {
            return entries;
        };
        entries.extend([
            ("level", text(&told.level)),
            ("in-service?", Edn::Bool(told.in_service)),
            ("term", number(told.term)),
            ("not-serving", texts(&told.not_serving)),
        ]);
        entries.extend(told.reason.iter().map(|reason| ("reason", text(reason))));
        entries.extend(told.leader.iter().map(|leader| ("leader", text(leader))));
        let blockers = told.blockers.iter().map(Shape::edn).collect();
        entries.push(("blockers", Edn::Vector(blockers)));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        let told = fields.get("level").map(|_| {
            Ok(Told {
                level: fields.required("level", parsed)?,
                in_service: fields.required("in-service?", boolean)?,
                reason: fields.optional("reason", parsed)?,
                term: fields.required("term", unsigned)?,
                leader: fields.optional("leader", parsed)?,
                not_serving: fields.list("not-serving", parsed)?,
                blockers: fields.list("blockers", shape)?,
            })
        });
        Ok(Self {
            asked: fields.required("asked", unsigned)?,
            exit: fields.optional("exit", unsigned)?,
            first_line: fields.required("first-line", parsed)?,
            told: told.transpose()?,
        })
    }
}

impl Shape for Amiss {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("kind", text(&self.kind)), ("cause", text(&self.cause))];
        entries.extend(self.node.iter().map(|node| ("node", text(node))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            kind: fields.required("kind", parsed)?,
            node: fields.optional("node", parsed)?,
            cause: fields.required("cause", parsed)?,
        })
    }
}

impl Shape for Asked {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        vec![
            ("client", text(&self.client)),
            ("near", text(&self.near)),
            ("xid", number(u64::from(self.xid))),
            ("copies", number(self.copies)),
        ]
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            client: fields.required("client", parsed)?,
            near: fields.required("near", parsed)?,
            xid: fields.required("xid", transaction)?,
            copies: fields.required("copies", unsigned)?,
        })
    }
}

fn transaction(edn: &Edn<'_>) -> Result<u32, ShapeError> {
    let xid = u32::try_from(unsigned(edn)?).ok();
    xid.ok_or_else(|| ShapeError::not("a number of 32 bits", edn))
}
