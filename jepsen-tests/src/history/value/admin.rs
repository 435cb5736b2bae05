//! What operators ask.

use std::net::Ipv4Addr;

use clojure_reader::edn::Edn;

use super::Shape;
use crate::history::edn::{Fields, ShapeError, parsed, text};

/// `{:client "02:…", :address "10.15.3.50"}`; to remove one, the client alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// For whom.
    pub client: String,
    /// Which.
    pub address: Option<Ipv4Addr>,
}

/// `{:public "tcp/8080", :target "10.15.3.100:80"}`; to remove one, the public port alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Protocol and port.
    pub public: String,
    /// Where it leads, exactly as a list shows it.
    pub target: Option<String>,
}

/// `{:node "n4", :address "10.15.3.13"}`; the address (its listen IP) where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub node: String,
    /// Its listen IP.
    pub address: Option<Ipv4Addr>,
}

impl Shape for Reservation {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("client", text(&self.client))];
        entries.extend(self.address.map(|address| ("address", text(&address))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            client: fields.required("client", parsed)?,
            address: fields.optional("address", parsed)?,
        })
    }
}

impl Shape for Forward {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("public", text(&self.public))];
        entries.extend(self.target.iter().map(|target| ("target", text(target))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            public: fields.required("public", parsed)?,
            target: fields.optional("target", parsed)?,
        })
    }
}

impl Shape for Member {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("node", text(&self.node))];
        entries.extend(self.address.map(|address| ("address", text(&address))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            node: fields.required("node", parsed)?,
            address: fields.optional("address", parsed)?,
        })
    }
}
