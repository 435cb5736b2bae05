//! Beside other DHCP servers: the same packets to our cluster and to dnsmasq, both answers in a table, and
//! a reason for every difference (ADR 0028). Then another server's client on our network.
//!
//! Each row is played by a client of its own, against both servers at once.

mod beside;
mod cases;
mod explained;
mod server;
mod station;
mod table;

use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow};

use self::beside::Beside;
use self::cases::Case;
use self::explained::Silences;
use self::server::{DhcpServer, Dnsmasq, Ours};
use self::station::{Spares, Station};
use self::table::Row;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::netns::Netns;
use crate::report::Report;
use crate::scenario::Scenario;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "neighbours",
    about: "The same packets to us and to dnsmasq: every difference has a reason, every silence an \
            explanation; another server's client keeps its address",
    hosts: 3,
    run,
};

/// The relay that the operator has named.
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 5);

/// What one server said in one row.
struct Played {
    said: String,
    silences: Silences,
}

fn run(lab: &mut Lab) -> Result<Report> {
    let beside = Beside::start(lab)?;
    lab.start_gateways(&GatewayConfig::new().set("GATEWAY_DHCP_RELAYS", RELAY))?;
    let mut report = Report::new();
    beside.reboots(lab, &mut report)?;
    compare(lab, &mut report)?;
    Ok(report)
}

fn compare(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let dnsmasq = Dnsmasq::start(lab.dir())?;
    let vm = lab.add_vm(1)?;
    let control = lab.gateway(1).control();
    let ours = Ours(control.clone());
    let cases = cases::all();
    let (ours, theirs) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| play(&cases, &dnsmasq, dnsmasq.clients()));
        let ours = play(&cases, &ours, vm.netns());
        (ours, theirs.join())
    });
    let theirs = theirs.map_err(|_| anyhow!("a client of dnsmasq panicked"))??;
    let ours = ours?;
    let rows: Vec<_> = cases
        .iter()
        .zip(ours.iter().zip(&theirs))
        .map(|(case, (ours, theirs))| Row {
            name: case.name,
            ours: ours.said.clone(),
            theirs: theirs.said.clone(),
        })
        .collect();
    let file = lab.dir().join("neighbours.md");
    let differences = table::judge(&rows, dnsmasq.name(), &file, report)?;
    report.figure("packets, the same to both", rows.len());
    report.figure("answered otherwise, with a reason", differences);
    let silences: Vec<_> = ours.into_iter().map(|played| played.silences).collect();
    for (explanation, count) in explained::check(&control, &silences)? {
        report.figure(explanation, count);
    }
    Ok(())
}

/// Every row against one server, in the table's order.
fn play(cases: &[Case], server: &dyn DhcpServer, clients: &Netns) -> Result<Vec<Played>> {
    let (next, spares) = (AtomicUsize::new(0), Spares::new());
    let played = Mutex::new(Vec::new());
    let worker = || {
        clients.enter(|| {
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(row) else {
                    return Ok(());
                };
                let outcome = play_one(case, row, server, &spares)
                    .with_context(|| format!("{:?} against {}", case.name, server.name()))?;
                let mut played = played.lock().map_err(|_| anyhow!("a row panicked"))?;
                played.push((row, outcome));
            }
        })
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..server.at_once()).map(|_| scope.spawn(worker)).collect();
        let ended = workers.into_iter().map(|worker| {
            let ended = worker.join();
            ended.unwrap_or_else(|_| Err(anyhow!("a row panicked")))
        });
        ended.collect::<Result<Vec<()>>>()
    })?;
    let mut played = played.into_inner().map_err(|_| anyhow!("a row panicked"))?;
    played.sort_by_key(|(row, _)| *row);
    Ok(played.into_iter().map(|(_, outcome)| outcome).collect())
}

fn play_one(case: &Case, row: usize, server: &dyn DhcpServer, spares: &Spares) -> Result<Played> {
    let row = u16::try_from(row).context("too many rows")?;
    let mut station = Station::new(server, spares, row)?;
    let said = (case.play)(&mut station)?;
    let silences = Silences {
        row: case.name,
        messages: station.unanswered,
    };
    Ok(Played { said, silences })
}
