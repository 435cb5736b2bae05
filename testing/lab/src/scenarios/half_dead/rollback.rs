//! Power cuts, and a data directory that is put back as it was (what a VM's snapshot does).

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};

use super::{SOON, never_serves, newcomers, reason, row, served, unserved};
use crate::Lab;
use crate::client::Udhcpc;
use crate::report::Report;

/// Entries that the one that goes back has acknowledged since: two for each newcomer.
const NEWCOMERS: u32 = 20;
/// How long nobody does anything.
const IDLE: Duration = Duration::from_secs(15);
/// By then nothing is left to be done.
const CALM: Duration = Duration::from_secs(120);
const WENT_BACK: &str = "its disk went back";

pub(super) fn check(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    idle(lab, client, report)?;
    power_cuts(lab, client, report)?;
    filled_again(lab, client, report)?;
    without_the_leader(lab, client, report)
}

/// T5: with nothing to do nothing is written, neither an entry nor a note.
fn idle(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    served(client)?;
    let begun = Instant::now();
    // Hosts announce their ports, and what was offered runs out, some seconds after the start.
    loop {
        let before = lab.wait_level()?;
        // Notes of the last entries are kept within a second or two.
        std::thread::sleep(Duration::from_secs(4));
        let kept = notes_written(lab)?;
        std::thread::sleep(IDLE);
        if lab.wait_level()? == before {
            ensure!(
                notes_written(lab)? == kept,
                "notes are written though nothing happens"
            );
            break;
        }
        ensure!(begun.elapsed() < CALM, "entries though nothing happens");
    }
    let said = format!("0 entries, 0 writes of notes in {} s", IDLE.as_secs());
    report.figure("idle (T5)", said);
    Ok(())
}

/// When each node last kept notes.
fn notes_written(lab: &mut Lab) -> Result<Vec<SystemTime>> {
    let nodes = lab.gateways().iter();
    let files = nodes.map(|gateway| gateway.data_directory().join("notes"));
    files.map(|file| Ok(file.metadata()?.modified()?)).collect()
}

fn kill_all(lab: &mut Lab) -> Result<()> {
    lab.gateways()
        .iter_mut()
        .try_for_each(|gateway| gateway.kill_9())
}

/// SIGKILL, as far as a process is concerned: the simulation and `./x power-loss` cut the power.
fn power_cuts(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    served(client)?;
    kill_all(lab)?;
    let begun = Instant::now();
    lab.gateways()
        .iter_mut()
        .try_for_each(|gateway| gateway.start())?;
    lab.wait_in_service()?;
    let seconds = begun.elapsed().as_secs_f64();
    let seen = served(client)?;
    let said = format!("all in service after {seconds:.1} s");
    report.figure("all killed, all start", format!("{said}; client: {seen}"));

    kill_all(lab)?;
    let begun = Instant::now();
    for node in [1, 2] {
        lab.gateway(node).start()?;
    }
    let collecting = "first asks the other voters";
    let status = lab
        .gateway(1)
        .wait_for_status("it collects", SOON, |status| {
            let reason = status.not_serving_reason.as_deref().unwrap_or_default();
            status.in_service || reason.contains(collecting)
        })?;
    ensure!(!status.in_service, "two of three wait for notes first");
    for node in [1, 2] {
        lab.gateway(node).wait_in_service(SOON)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let seen = served(client)?;
    let said = format!(
        "\"{}\", both in service after {seconds:.1} s",
        reason(&status)
    );
    report.figure("two start, third dead", format!("{said}; client: {seen}"));
    lab.gateway(3).start()?;
    lab.wait_in_service()
}

/// A follower goes back. Whatever is lost next costs nothing.
fn filled_again(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    let leader = lab.leader()?;
    let back = leader % 3 + 1;
    let other = back % 3 + 1;
    let copy = lab.dir().join("old-data");
    lab.gateway(back).terminate()?;
    lab.gateway(back).copy_data(&copy)?;
    lab.gateway(back).start()?;
    lab.wait_in_service()?;
    newcomers(lab, NEWCOMERS, 1)?;
    lab.wait_level()?;
    lab.gateway(back).kill_9()?;
    lab.gateway(back).restore_data(&copy)?;
    let begun = Instant::now();
    lab.gateway(back).start()?;
    lab.gateway(back).wait_in_service(SOON)?;
    let logged = lab.gateway(back).process()?.log_of_this_run()?;
    ensure!(
        logged.contains(WENT_BACK),
        "node {back} said nothing: {logged}"
    );
    let said = format!("\"{WENT_BACK}\", filled and in service");
    let seen = served(client)?;
    row(report, "a disk goes back", begun, &said, &seen);

    let begun = Instant::now();
    lab.gateway(other).kill_9()?;
    newcomers(lab, NEWCOMERS, 2).context("with another one dead")?;
    let seen = served(client)?;
    for node in [leader, back] {
        ensure!(
            lab.gateway(node).status()?.in_service,
            "clients are served, and node {node} says that it does not"
        );
    }
    row(report, "then another dies", begun, "both in service", &seen);
    lab.gateway(other).start()?;
    lab.wait_in_service()
}

/// It goes back while the leader, who could fill it, is dead: nobody serves, and it says why.
fn without_the_leader(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    let leader = lab.leader()?;
    let back = leader % 3 + 1;
    let copy = lab.dir().join("older-data");
    lab.gateway(back).terminate()?;
    lab.gateway(back).copy_data(&copy)?;
    lab.gateway(back).start()?;
    lab.wait_in_service()?;
    newcomers(lab, NEWCOMERS, 3)?;
    lab.wait_level()?;
    // What is noted within the last second may not be kept.
    std::thread::sleep(Duration::from_millis(1500));
    kill_all(lab)?;
    lab.gateway(back).restore_data(&copy)?;
    let other = back % 3 + 1;
    let begun = Instant::now();
    for node in [back, other] {
        lab.gateway(node).start()?;
    }
    lab.gateway(back)
        .wait_for_status(WENT_BACK, SOON, |status| {
            let reason = status.not_serving_reason.as_deref().unwrap_or_default();
            !status.in_service && reason.contains(WENT_BACK)
        })?;
    let seconds = begun.elapsed().as_secs_f64();
    unserved(client, Duration::from_secs(8))?;
    let others = never_serves(lab, other, Duration::from_secs(2))?;
    let said = format!(
        "\"{WENT_BACK}\" after {seconds:.1} s, the other: \"{}\"",
        others.as_ref().map(reason).unwrap_or_default()
    );
    report.figure("goes back, no leader", format!("{said}; client: nothing"));
    let begun = Instant::now();
    lab.gateway(leader).start()?;
    lab.wait_in_service()?;
    let seen = served(client)?;
    row(report, "the leader is back", begun, "all in service", &seen);
    Ok(())
}
