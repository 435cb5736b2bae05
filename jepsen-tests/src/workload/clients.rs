//! DHCP clients: their events as operations of a history.
//!
//! Every client is a process of the history; after an operation whose end is unknown it takes a new
//! number, as Jepsen's processes do. Times are those of the client's own thread.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jepsen_tests::history::{
    Asked, Entry, Exchange, Failure, FailureKind, Function, Grant, Kind, Recorder, Reply,
    ReplyKind, Value,
};
use lab::life::{Event, Purpose, ReplyType, Report};
use lab::topology::address::node_of_overlay;

use crate::names;

/// Hands out process numbers.
#[derive(Debug, Default)]
pub struct Numbers {
    next: AtomicU64,
}

impl Numbers {
    /// One that nobody has.
    pub fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// Writes what the clients of one port report.
pub struct Scribe<'a> {
    recorder: &'a Recorder,
    numbers: &'a Numbers,
    /// The node of the host that the clients are on.
    near: String,
    /// Nanoseconds of the history's clock at the origin of the reports.
    offset: u64,
    processes: BTreeMap<u32, u64>,
    open: BTreeMap<u32, Entry>,
}

impl<'a> Scribe<'a> {
    /// For reports of clients on the host of node `near` that count from `origin`.
    pub fn new(recorder: &'a Recorder, numbers: &'a Numbers, near: u8, origin: Instant) -> Self {
        Self {
            recorder,
            numbers,
            near: names::node(near),
            offset: recorder.clock().at(origin),
            processes: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Writes one report.
    pub fn write(&mut self, report: &Report) -> Result<()> {
        let time = self.time(report.at);
        match &report.event {
            Event::Began(purpose) => self.begin(report, *purpose, time),
            Event::Acknowledged { .. } => self.acknowledged(report, time),
            Event::Refused {
                address, server, ..
            } => {
                let error = Failure {
                    kind: FailureKind::Nak,
                    text: format!("a DHCPNAK about {address}"),
                };
                let value = exchange(report, Some(*address), None);
                self.complete(report, Kind::Fail, value, Some(error), *server, time)
            }
            Event::GaveUp { purpose, server } => self.gave_up(report, *purpose, *server, time),
            Event::Unanswered { sent, .. } => {
                let error = Failure {
                    kind: FailureKind::NoReply,
                    text: format!("{sent} messages and no answer that would do"),
                };
                let value = self.value_of_open(report.client);
                self.complete(report, Kind::Info, value, Some(error), None, time)
            }
            Event::Discovered { xid, copies } => {
                let asked = Asked {
                    client: report.mac.to_string(),
                    near: self.near.clone(),
                    xid: *xid,
                    copies: u64::from(*copies),
                };
                self.put(
                    Entry::seen(Function::Discover, None, Value::Asked(asked)),
                    time,
                )
            }
            Event::Received {
                kind,
                xid,
                address,
                server,
            } => {
                let reply = Reply {
                    message: reply_kind(*kind),
                    client: report.mac.to_string(),
                    server: server.unwrap_or(Ipv4Addr::UNSPECIFIED),
                    xid: *xid,
                    address: *address,
                };
                let node = node_name(*server);
                let entry = Entry::seen(Function::Reply, node.as_deref(), Value::Reply(reply));
                self.put(entry, time)
            }
            Event::Left { .. } => Ok(()),
        }
    }

    fn begin(&mut self, report: &Report, purpose: Purpose, time: u64) -> Result<()> {
        let (function, address) = function(purpose);
        let process = *self
            .processes
            .entry(report.client)
            .or_insert_with(|| self.numbers.next());
        let mut entry = Entry::invoke(process, function, exchange(report, address, None));
        if let Purpose::Confirm(_, node) = purpose {
            entry.node = Some(names::node(node));
        }
        self.open.insert(report.client, entry.clone());
        self.put(entry, time)
    }

    fn acknowledged(&mut self, report: &Report, time: u64) -> Result<()> {
        let Event::Acknowledged {
            address,
            server,
            requested_at,
            lifetime,
            ..
        } = &report.event
        else {
            return Ok(());
        };
        let grant = Grant {
            lease_ms: u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX),
            server: server.unwrap_or(Ipv4Addr::UNSPECIFIED),
            request_sent: self.time(*requested_at),
            ack_received: time,
        };
        let value = exchange(report, Some(*address), Some(grant));
        self.complete(report, Kind::Ok, value, None, *server, time)
    }

    /// Nobody answers a release or a decline. A release is over when it is sent; whether a decline took
    /// effect, its client never knows (a node's table may show it later).
    fn gave_up(
        &mut self,
        report: &Report,
        purpose: Purpose,
        server: Ipv4Addr,
        time: u64,
    ) -> Result<()> {
        self.begin(report, purpose, time)?;
        let value = self.value_of_open(report.client);
        let (kind, error) = match purpose {
            Purpose::Decline(_) => {
                let error = Failure {
                    kind: FailureKind::NoReply,
                    text: "nobody answers a DHCPDECLINE".to_owned(),
                };
                (Kind::Info, Some(error))
            }
            _ => (Kind::Ok, None),
        };
        self.complete(report, kind, value, error, Some(server), time)
    }

    fn value_of_open(&self, client: u32) -> Value {
        let open = self.open.get(&client);
        open.map_or(Value::None, |entry| entry.value.clone())
    }

    fn complete(
        &mut self,
        report: &Report,
        kind: Kind,
        value: Value,
        error: Option<Failure>,
        server: Option<Ipv4Addr>,
        time: u64,
    ) -> Result<()> {
        let invoked = self
            .open
            .remove(&report.client)
            .with_context(|| format!("{} ends what it did not begin", report.mac))?;
        let mut entry = invoked.completed(kind, value, error);
        entry.node = node_name(server);
        if kind == Kind::Info {
            self.processes.remove(&report.client);
        }
        self.put(entry, time)
    }

    fn put(&self, entry: Entry, time: u64) -> Result<()> {
        self.recorder
            .record_at(entry, time)
            .context("writing the history")
    }

    fn time(&self, at: Duration) -> u64 {
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.offset.saturating_add(nanos)
    }
}

fn exchange(report: &Report, address: Option<Ipv4Addr>, grant: Option<Grant>) -> Value {
    Value::Exchange(Exchange {
        client: report.mac.to_string(),
        address,
        grant,
    })
}

fn function(purpose: Purpose) -> (Function, Option<Ipv4Addr>) {
    match purpose {
        Purpose::Acquire => (Function::Acquire, None),
        Purpose::Renew(address) => (Function::Renew, Some(address)),
        Purpose::Rebind(address) => (Function::Rebind, Some(address)),
        Purpose::Reboot(address) => (Function::Reboot, Some(address)),
        Purpose::Confirm(address, _) => (Function::Confirm, Some(address)),
        Purpose::Release(address) => (Function::Release, Some(address)),
        Purpose::Decline(address) => (Function::Decline, Some(address)),
    }
}

fn reply_kind(reply: ReplyType) -> ReplyKind {
    match reply {
        ReplyType::Offer => ReplyKind::Offer,
        ReplyType::Ack => ReplyKind::Ack,
        ReplyType::Nak => ReplyKind::Nak,
    }
}

fn node_name(server: Option<Ipv4Addr>) -> Option<String> {
    server.and_then(node_of_overlay).map(names::node)
}
