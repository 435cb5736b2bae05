//! What a run was given: all that the checkers must know beforehand.

use std::net::Ipv4Addr;

use clojure_reader::edn::Edn;

use super::Shape;
use crate::history::edn::{Fields, ShapeError, number, parsed, text, texts, unsigned};

/// The first line of a history.
///
/// ```text
/// {:network ["10.15.3.0" 24], :pool ["10.15.3.100" "10.15.3.199"], :router "10.15.3.1",
///  :excluded ["10.15.3.110"], :members [["n1" "10.15.3.10"] …], :clients 50, :quarantine-ms 600000,
///  :silent-after-ms 5000, :service-within-ms 15000,
///  :failover-within-ms 8000, :workload "lease"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Which workload, for people.
    pub workload: String,
    /// The network and the length of its prefix.
    pub network: (Ipv4Addr, u8),
    /// The first and the last address of the pool.
    pub pool: (Ipv4Addr, Ipv4Addr),
    /// Option 3.
    pub router: Option<Ipv4Addr>,
    /// Addresses that nobody may have.
    pub excluded: Vec<Ipv4Addr>,
    /// The members at the start: name and listen IP.
    pub members: Vec<(String, Ipv4Addr)>,
    /// How many clients the workload has at most.
    pub clients: u64,
    /// How long a declined address is given to nobody.
    pub quarantine_ms: u64,
    /// L2: how long a cut-off node may go on answering. `docs/failure-modes.md` says "about a
    /// second" to notice; a reply may be up to 3 s late (T6).
    pub silent_after_ms: u64,
    /// Within which time there is full service again after trouble in which a quorum could not work:
    /// nodes start, read their logs, elect; clients have backed off.
    pub service_within_ms: u64,
    /// L3: how long nobody may be answered while a quorum can work. To notice takes a second, an election
    /// 0.5 s to 1 s, and it may be split; then some client must retransmit.
    pub failover_within_ms: u64,
}

impl Setup {
    /// The default of [`silent_after_ms`](Self::silent_after_ms).
    pub const SILENT_AFTER_MS: u64 = 5_000;
    /// The default of [`service_within_ms`](Self::service_within_ms).
    pub const SERVICE_WITHIN_MS: u64 = 15_000;
    /// The default of [`failover_within_ms`](Self::failover_within_ms).
    pub const FAILOVER_WITHIN_MS: u64 = 8_000;

    /// How many addresses the pool has that somebody can have.
    pub fn pool_size(&self) -> u64 {
        let (first, last) = self.pool;
        let in_pool = |address: &&Ipv4Addr| first <= **address && **address <= last;
        let all = u64::from(u32::from(last)) + 1 - u64::from(u32::from(first).min(u32::from(last)));
        all.saturating_sub(self.excluded.iter().filter(in_pool).count() as u64)
    }
}

impl Shape for Setup {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let (network, prefix) = self.network;
        let (first, last) = self.pool;
        let members = self.members.iter();
        let members = members.map(|(name, ip)| Edn::Vector(vec![text(name), text(ip)]));
        let network = vec![text(&network), number(u64::from(prefix))];
        let mut entries = vec![
            ("workload", text(&self.workload)),
            ("network", Edn::Vector(network)),
            ("pool", texts(&[first, last])),
            ("excluded", texts(&self.excluded)),
            ("members", Edn::Vector(members.collect())),
            ("clients", number(self.clients)),
            ("quarantine-ms", number(self.quarantine_ms)),
            ("silent-after-ms", number(self.silent_after_ms)),
            ("service-within-ms", number(self.service_within_ms)),
            ("failover-within-ms", number(self.failover_within_ms)),
        ];
        entries.extend(self.router.map(|router| ("router", text(&router))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        let silent_after = fields.optional("silent-after-ms", unsigned)?;
        let service_within = fields.optional("service-within-ms", unsigned)?;
        let failover_within = fields.optional("failover-within-ms", unsigned)?;
        Ok(Self {
            workload: fields.required("workload", parsed)?,
            network: fields.required("network", |edn| pair(edn, parsed, prefix))?,
            pool: fields.required("pool", |edn| pair(edn, parsed, parsed))?,
            router: fields.optional("router", parsed)?,
            excluded: fields.list("excluded", parsed)?,
            members: fields.list("members", |edn| pair(edn, parsed, parsed))?,
            clients: fields.required("clients", unsigned)?,
            quarantine_ms: fields.required("quarantine-ms", unsigned)?,
            silent_after_ms: silent_after.unwrap_or(Self::SILENT_AFTER_MS),
            service_within_ms: service_within.unwrap_or(Self::SERVICE_WITHIN_MS),
            failover_within_ms: failover_within.unwrap_or(Self::FAILOVER_WITHIN_MS),
        })
    }
}

fn pair<A, B>(
    edn: &Edn<'_>,
    first: impl FnOnce(&Edn<'_>) -> Result<A, ShapeError>,
    second: impl FnOnce(&Edn<'_>) -> Result<B, ShapeError>,
) -> Result<(A, B), ShapeError> {
    match edn {
        Edn::Vector(items) if items.len() == 2 => Ok((first(&items[0])?, second(&items[1])?)),
        other => Err(ShapeError::not("a pair", other)),
    }
}

fn prefix(edn: &Edn<'_>) -> Result<u8, ShapeError> {
    let length = u8::try_from(unsigned(edn)?).ok();
    let length = length.filter(|length| *length <= 32);
    length.ok_or_else(|| ShapeError::not("a prefix length from 0 to 32", edn))
}
