//! 100,000 packets a second from one port: nobody who holds a lease notices, nothing fills up.
//!
//! In two forms. A broadcast goes to every host, so the lab's machine pays for it three times over, and for the
//! tunnels and the switch between them: that bounds the rate. In [`ONE_HOST`] the flood is kept on its host, and
//! one node hears all of it.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::slice;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::verdict;
use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::flood::{FloodOptions, FloodRecord, Footprint, Holder, Renewals, renewers, sender};
use crate::gateway::{Control, GatewayConfig};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::StormOptions;
use crate::topology::Vm;
use crate::topology::address::{VM_INTERFACE, VXLAN, overlay};
use crate::wait::wait_until_true;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flood",
    about: "100,000 random packets a second from one port: renewals go on, nothing fills up",
    hosts: 3,
    run,
};

/// For figures, not for CI: how much of the flood a node hears is up to the machine.
pub(super) const ONE_HOST: Scenario = Scenario {
    name: "flood_one_host",
    about: "The same flood, kept on the attacker's host: one node hears all of it",
    hosts: 3,
    run: run_on_one_host,
};

const PER_SECOND: u64 = 100_000;
const DURATION: Duration = Duration::from_secs(12);
const KNOWN_CLIENTS: u32 = 50;
/// Less than an offer is held: so the new client did not just wait until the flood's offers had lapsed.
const NEW_CLIENT: Duration = Duration::from_secs(45);
/// Under the flood a node keeps 2048 requests, 16,384 clients and 6 MiB of filters in mind: about 16 MiB.
/// The rest is the allocator's, and what any load would fill.
const MEMORY_KIB: u64 = 48 * 1024;
/// Entries beside the renewals' own. Each of 185 addresses can be offered to the flood once a minute; when none is free,
/// every node tries 2 offers a second (ADR 0014). Without limits there would be one for each client.
const ENTRIES: u64 = 500;
/// An entry takes some hundred bytes, and sled writes pages.
const DATA_KIB: u64 = 8 * 1024;
/// Whoever hears fewer packets heard no flood.
const NO_FLOOD: u64 = 1000;
/// Lines of the DHCP server beside one for each lease granted: one of each kind in ten seconds, about 50 kinds. A
/// starved Raft complains too, at no rate that the flood sets.
const OTHER_LOG_LINES: u64 = 100;

/// Who hears the flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Everybody,
    /// The node on the attacker's host.
    OneHost,
}

/// The attacker's host.
const FLOODED: u8 = 1;

fn run(lab: &mut Lab) -> Result<Report> {
    play(lab, Reach::Everybody)
}

fn run_on_one_host(lab: &mut Lab) -> Result<Report> {
    play(lab, Reach::OneHost)
}

fn play(lab: &mut Lab, reach: Reach) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let [attacker, holding, newcomer] = &vms[..] else {
        bail!("three hosts, but {} machines", vms.len());
    };
    let mut known = bind_known_clients(lab, holding)?;
    if reach == Reach::OneHost {
        keep_on_host(lab, attacker)?;
        // The other nodes have nothing to do: their answers would flatter the figures.
        known.retain(|holder| holder.server == overlay(FLOODED));
    }
    let before = footprints(lab)?;
    let log_dir = lab.dir().to_owned();
    let witness = lab.gateway(1).control();
    let (flood, renewals, newcomer) = thread::scope(|scope| {
        let flood = scope.spawn(|| attacker.netns().enter(|| sender::run(&options(attacker))));
        let renewals = scope.spawn(|| holding.netns().enter(|| renewers::run(&known, DURATION)));
        let newcomer = scope.spawn(|| obtain(newcomer, &witness, log_dir));
        (joined(flood), joined(renewals), joined(newcomer))
    });
    let (flood, renewals) = (flood?, renewals?);
    let after = footprints(lab)?;

    let mut report = Report::new();
    note_flood(&mut report, &flood, &before, &after);
    note_footprints(&mut report, &before, &after);
    note_renewals(&mut report, &renewals);
    let judged = check_renewals(&renewals)
        .and_then(|()| check_footprints(&before, &after, &renewals))
        .and_then(|()| check_reach(reach, &before, &after));
    judged.with_context(|| format!("the figures were\n{report}"))?;
    let (address, waited) = newcomer
        .with_context(|| format!("a new client on another port; the figures were\n{report}"))?;
    ensure!(
        known.iter().all(|holder| holder.address != address),
        "{address} is held by two clients"
    );
    report.figure("new client served after (ms)", waited.as_millis());
    Ok(report)
}

/// What the attacker sends does not cross the overlay. His host's own node, and the machines there, hear it.
fn keep_on_host(lab: &Lab, attacker: &Vm) -> Result<()> {
    let port = attacker.name();
    lab.topology().host(FLOODED).netns().nft(&format!(
        r#"table bridge lab_flood {{
    chain to_overlay {{
        type filter hook forward priority 0; policy accept;
        iifname "{port}" oifname "{VXLAN}" drop
    }}
}}
"#
    ))
}

/// Clients that have a lease before it begins. Their addresses stand on the machine's interface.
fn bind_known_clients(lab: &mut Lab, vm: &Vm) -> Result<Vec<Holder>> {
    let population = StormOptions {
        clients: KNOWN_CLIENTS,
        ..StormOptions::default()
    };
    let history = lab.storm(slice::from_ref(vm), &population)?;
    verdict::everybody_was_served(&history)?;
    let known: Vec<_> = history.clients.iter().filter_map(Holder::of).collect();
    let add = |holder: &Holder| format!("addr add {}/24 dev {VM_INTERFACE}\n", holder.address);
    vm.netns().ip(&known.iter().map(add).collect::<String>())?;
    Ok(known)
}

/// One thread: with two, more was sent to three hosts, but nodes in the dev profile no longer kept up on a
/// machine of two processors, and the new client waited for its second round of DISCOVERs.
fn options(attacker: &Vm) -> FloodOptions {
    FloodOptions {
        interface: VM_INTERFACE.to_owned(),
        source: attacker.mac(),
        per_second: PER_SECOND,
        duration: DURATION,
        seed: 1,
    }
}

/// A real client that nobody knows, once every address is on offer to the flood. How long it took it.
fn obtain(vm: &Vm, witness: &Control, log_dir: PathBuf) -> Result<(Ipv4Addr, Duration)> {
    wait_until_true("a pool that is on offer to the flood", DURATION, || {
        let status = witness.status()?;
        Ok(status.subnets.iter().all(|subnet| subnet.free == 0))
    })?;
    let started = Instant::now();
    let address = Udhcpc::new(vm.clone(), log_dir).obtain(NEW_CLIENT)?;
    Ok((address, started.elapsed()))
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow!("a thread of the scenario panicked")))
}

fn footprints(lab: &mut Lab) -> Result<Vec<Footprint>> {
    let hosts = lab.topology().hosts().iter();
    let netns: Vec<_> = hosts.map(|host| host.netns().clone()).collect();
    let dir = lab.dir().to_owned();
    let nodes = lab.gateways().iter_mut().zip(&netns);
    nodes
        .map(|(gateway, netns)| {
            let data = dir.join(format!("gw{}/data", gateway.node()));
            Footprint::of(gateway, netns, &data)
        })
        .collect()
}

fn note_flood(report: &mut Report, flood: &FloodRecord, before: &[Footprint], after: &[Footprint]) {
    let seconds = flood.took.as_secs_f64();
    report.figure("frames sent", flood.sent);
    report.figure("frames sent a second", flood.per_second());
    let name = "processor time to send a frame and deliver it (ns)";
    report.figure(name, flood.nanos_per_frame());
    for (node, (before, after)) in (1..).zip(before.iter().zip(after)) {
        let heard = after.unanswered - before.unanswered;
        let name = format!("node {node}: heard and unanswered, a second");
        report.figure(name, format!("{:.0}", heard as f64 / seconds));
        let name = format!("node {node}: overflowed in the kernel");
        report.figure(name, after.overflowed - before.overflowed);
        let name = format!("node {node}: processor time (ms)");
        report.figure(name, after.processor_ms - before.processor_ms);
    }
}

fn note_footprints(report: &mut Report, before: &[Footprint], after: &[Footprint]) {
    for (node, (before, after)) in (1..).zip(before.iter().zip(after)) {
        let change = |name: &str, from: u64, to: u64| {
            (format!("node {node}: {name}"), format!("{from} → {to}"))
        };
        let figures = [
            change(
                "memory, resident (KiB)",
                before.resident_kib,
                after.resident_kib,
            ),
            change("memory, peak (KiB)", before.peak_kib, after.peak_kib),
            change("data directory (KiB)", before.data_kib, after.data_kib),
            change("Raft log entries", before.entries, after.entries),
            change("lines of its own log", before.log_lines, after.log_lines),
            change(
                "of these, the DHCP server's",
                before.dhcp_lines,
                after.dhcp_lines,
            ),
        ];
        for (name, value) in figures {
            report.figure(name, value);
        }
    }
}

fn note_renewals(report: &mut Report, renewals: &Renewals) {
    let millis = |percent| renewals.percentile(percent).map(|wait| wait.as_millis());
    let shown = |percent| millis(percent).map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    report.figure("renewals acknowledged", renewals.acknowledged());
    report.figure("renewals unanswered", renewals.unanswered);
    report.figure("renewals sent again", renewals.retransmissions);
    report.figure("renewal to ACK, p50 (ms)", shown(50));
    report.figure("renewal to ACK, p99 (ms)", shown(99));
    report.figure("renewal to ACK, worst (ms)", shown(100));
}

/// Known clients have a budget and a socket of their own: the flood is none of their business.
fn check_renewals(renewals: &Renewals) -> Result<()> {
    ensure!(
        renewals.unanswered == 0,
        "{} renewals got no answer",
        renewals.unanswered
    );
    ensure!(
        renewals.acknowledged() >= KNOWN_CLIENTS as usize,
        "only {} renewals in all",
        renewals.acknowledged()
    );
    Ok(())
}

fn check_footprints(before: &[Footprint], after: &[Footprint], renewals: &Renewals) -> Result<()> {
    let renewed = renewals.acknowledged() as u64 + renewals.retransmissions;
    for (node, (before, after)) in (1..).zip(before.iter().zip(after)) {
        let bounds = [
            (
                "KiB of memory",
                after.peak_kib - before.resident_kib,
                MEMORY_KIB,
            ),
            (
                "KiB of disk",
                after.data_kib.saturating_sub(before.data_kib),
                DATA_KIB,
            ),
            (
                "log entries",
                after.entries - before.entries,
                renewed + ENTRIES,
            ),
            (
                "log lines of the DHCP server",
                after.dhcp_lines - before.dhcp_lines,
                renewed + OTHER_LOG_LINES,
            ),
        ];
        for (what, grown, limit) in bounds {
            ensure!(
                grown <= limit,
                "node {node} grew by {grown} {what}, more than {limit}"
            );
        }
    }
    Ok(())
}

/// Who was to hear the flood did. The others hear no more than the clients' own packets.
fn check_reach(reach: Reach, before: &[Footprint], after: &[Footprint]) -> Result<()> {
    for (node, (before, after)) in (1..).zip(before.iter().zip(after)) {
        let heard = after.unanswered - before.unanswered;
        let is_flooded = reach == Reach::Everybody || node == FLOODED;
        ensure!(
            (heard > NO_FLOOD) == is_flooded,
            "node {node} heard {heard} packets that it did not answer"
        );
    }
    Ok(())
}
