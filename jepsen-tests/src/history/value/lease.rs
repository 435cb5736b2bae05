//! What passes between a client and the nodes.

use std::net::Ipv4Addr;

use clojure_reader::edn::Edn;

use super::Shape;
use crate::history::edn::{Fields, ShapeError, keyword, number, parsed, text, unsigned};
use crate::history::operation::{name_of, named};

/// What a client asks; when an ACK came, with what it was granted.
///
/// `{:client "02:…", :address "10.15.3.100", :lease-ms 60000, :server "10.15.3.10",
/// :request-sent 1, :ack-received 2}`; the last four only with an ACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Who.
    pub client: String,
    /// The address asked for, granted, given up or refused.
    pub address: Option<Ipv4Addr>,
    /// The ACK.
    pub grant: Option<Grant>,
}

/// What an ACK says, and when, by the client's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// For how long.
    pub lease_ms: u64,
    /// The node (its server identifier).
    pub server: Ipv4Addr,
    /// When the client sent the REQUEST that this answers: the lease counts from here.
    pub request_sent: u64,
    /// When the ACK came.
    pub ack_received: u64,
}

/// A packet that a client's socket received, whether the client wanted it or not.
///
/// `{:message :nak, :client "02:…", :server "10.15.3.11", :xid 77, :address "10.15.3.100"}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its message type.
    pub message: ReplyKind,
    /// To whom (chaddr).
    pub client: String,
    /// From which node (option 54).
    pub server: Ipv4Addr,
    /// Its transaction.
    pub xid: u32,
    /// OFFER and ACK: yiaddr. NAK: the address that the client had asked for.
    pub address: Option<Ipv4Addr>,
}

/// A server's message types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// DHCPOFFER.
    Offer,
    /// DHCPACK.
    Ack,
    /// DHCPNAK.
    Nak,
}

const REPLIES: &[(&str, ReplyKind)] = &[
    ("offer", ReplyKind::Offer),
    ("ack", ReplyKind::Ack),
    ("nak", ReplyKind::Nak),
];

impl Grant {
    /// When the client must stop using the address (RFC 2131 §4.4.1).
    pub fn expiry(&self) -> u64 {
        let lease = self.lease_ms.saturating_mul(1_000_000);
        self.request_sent.saturating_add(lease)
    }
}

impl Shape for Exchange {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("client", text(&self.client))];
        entries.extend(self.address.map(|address| ("address", text(&address))));
        if let Some(grant) = &self.grant {
            entries.push(("lease-ms", number(grant.lease_ms)));
            entries.push(("server", text(&grant.server)));
            entries.push(("request-sent", number(grant.request_sent)));
            entries.push(("ack-received", number(grant.ack_received)));
        }
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        let grant = fields.get("lease-ms").map(|_| {
            Ok(Grant {
                lease_ms: fields.required("lease-ms", unsigned)?,
                server: fields.required("server", parsed)?,
                request_sent: fields.required("request-sent", unsigned)?,
                ack_received: fields.required("ack-received", unsigned)?,
            })
        });
        Ok(Self {
            client: fields.required("client", parsed)?,
            address: fields.optional("address", parsed)?,
            grant: grant.transpose()?,
        })
    }
}

impl Shape for Reply {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![
            ("message", Edn::key(name_of(REPLIES, &self.message))),
            ("client", text(&self.client)),
            ("server", text(&self.server)),
            ("xid", number(u64::from(self.xid))),
        ];
        entries.extend(self.address.map(|address| ("address", text(&address))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        let message = |edn| {
            let known = named(REPLIES, keyword(edn)?);
            known.ok_or_else(|| ShapeError::not(":offer, :ack or :nak", edn))
        };
        let xid = |edn| {
            let xid = u32::try_from(unsigned(edn)?);
            xid.map_err(|_| ShapeError::not("a number of 32 bits", edn))
        };
        Ok(Self {
            message: fields.required("message", message)?,
            client: fields.required("client", parsed)?,
            server: fields.required("server", parsed)?,
            xid: fields.required("xid", xid)?,
            address: fields.optional("address", parsed)?,
        })
    }
}
