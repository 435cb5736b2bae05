//! What long-lived flows through the nodes' NAT meet, and what looks at the hosts' own ports.

use std::net::Ipv4Addr;

use clojure_reader::edn::Edn;

use super::Shape;
use crate::history::edn::{Fields, ShapeError, boolean, keyword, number, parsed, text, unsigned};
use crate::history::operation::{name_of, named};

/// A moment of a flow: somebody who sends numbered messages, each of which asks for an answer, for as long as
/// the run lasts. The `:node` of the line is the host through which it goes.
///
/// `{:flow "in-tcp-1", :event :answered, :number 17, :sent 4711, :by "vm4"}`; its first line says where it leads:
/// `{:flow "in-tcp-1", :event :begun, :number 0, :public "tcp/9101", :target "10.15.3.201:7000"}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its name.
    pub flow: String,
    /// What happened.
    pub event: FlowEvent,
    /// The message that was answered, or the last that was sent. They count from 1.
    pub number: u64,
    /// When that was sent, if it was answered.
    pub sent: Option<u64>,
    /// Who answered, by its own account.
    pub by: Option<String>,
    /// The forward that it goes through; none, if it goes out.
    pub public: Option<String>,
    /// Address and port that it is meant for, as the operators say it.
    pub target: Option<String>,
    /// For people.
    pub detail: Option<String>,
}

/// What happened to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowEvent {
    /// Its first message is about to be sent.
    Begun,
    /// A message was answered.
    Answered,
    /// A connection of it ended, though nobody closed it; another is tried.
    Broken,
    /// No message is sent any more.
    Ended,
}

/// Who has an address that flows lead to, from now on: `{:address "10.15.3.211", :by "vm4"}`. The line is
/// written after the one before has given it up, and before this one takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Which.
    pub address: Ipv4Addr,
    /// Whose; nobody's, while it changes hands.
    pub by: Option<String>,
}

/// Somebody tried a port of a host's own: `{:from "vm4", :at "10.15.3.11:22", :host "n2", :answer :silent}`.
/// The `:node` of the line is the host that the caller is on; none, if it is beyond the uplinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Who tried.
    pub from: String,
    /// What.
    pub at: String,
    /// Whose address that is.
    pub host: String,
    /// What came of it.
    pub answer: Answer,
    /// Who answered, by its own account.
    pub by: Option<String>,
    /// When it was tried; the answer came at the operation's time.
    pub asked: u64,
}

/// What came of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is open.
    Opened,
    /// Somebody said no: the packet got there.
    Refused,
    /// Nothing came back.
    Silent,
}

/// What a node says of NAT: `{:in-sync? true}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NatStatus {
    /// "NAT in sync", and nothing amiss with it.
    pub in_sync: bool,
}

const EVENTS: &[(&str, FlowEvent)] = &[
    ("begun", FlowEvent::Begun),
    ("answered", FlowEvent::Answered),
    ("broken", FlowEvent::Broken),
    ("ended", FlowEvent::Ended),
];

const ANSWERS: &[(&str, Answer)] = &[
    ("opened", Answer::Opened),
    ("refused", Answer::Refused),
    ("silent", Answer::Silent),
];

/// A keyword of a table of names.
fn one_of<T: Clone>(
    table: &'static [(&'static str, T)],
    wanted: &'static str,
) -> impl Fn(&Edn<'_>) -> Result<T, ShapeError> {
    move |edn| named(table, keyword(edn)?).ok_or_else(|| ShapeError::not(wanted, edn))
}

impl Shape for Flow {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![
            ("flow", text(&self.flow)),
            ("event", Edn::key(name_of(EVENTS, &self.event))),
            ("number", number(self.number)),
        ];
        entries.extend(self.sent.map(|sent| ("sent", number(sent))));
        let texts = [
            ("by", &self.by),
            ("public", &self.public),
            ("target", &self.target),
            ("detail", &self.detail),
        ];
        for (key, value) in texts {
            entries.extend(value.iter().map(|value| (key, text(value))));
        }
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            flow: fields.required("flow", parsed)?,
            event: fields.required("event", one_of(EVENTS, "an event of a flow"))?,
            number: fields.required("number", unsigned)?,
            sent: fields.optional("sent", unsigned)?,
            by: fields.optional("by", parsed)?,
            public: fields.optional("public", parsed)?,
            target: fields.optional("target", parsed)?,
            detail: fields.optional("detail", parsed)?,
        })
    }
}

impl Shape for Tenant {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("address", text(&self.address))];
        entries.extend(self.by.iter().map(|by| ("by", text(by))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            address: fields.required("address", parsed)?,
            by: fields.optional("by", parsed)?,
        })
    }
}

impl Shape for Probe {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![
            ("from", text(&self.from)),
            ("at", text(&self.at)),
            ("host", text(&self.host)),
            ("answer", Edn::key(name_of(ANSWERS, &self.answer))),
            ("asked", number(self.asked)),
        ];
        entries.extend(self.by.iter().map(|by| ("by", text(by))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            from: fields.required("from", parsed)?,
            at: fields.required("at", parsed)?,
            host: fields.required("host", parsed)?,
            answer: fields.required("answer", one_of(ANSWERS, "an answer to a connection"))?,
            by: fields.optional("by", parsed)?,
            asked: fields.required("asked", unsigned)?,
        })
    }
}

impl Shape for NatStatus {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        vec![("in-sync?", Edn::Bool(self.in_sync))]
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            in_sync: fields.required("in-sync?", boolean)?,
        })
    }
}
