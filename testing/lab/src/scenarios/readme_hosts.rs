//! The README's deployment, word for word, on three hosts with Debian and systemd.
//!
//! The first attempt on host 1 is made before the bridge has its address, as it happens: the steps must
//! be repeatable as they stand. At the end every host's verdict is good, a VM on each host gets an
//! address and reaches the internet, and who reaches which port is as `reach` says.

use std::env;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::reach;
use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::command::run as run_command;
use crate::container::Container;
use crate::readme::{self, Step, Where};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::{RunningService, fetch_tcp};
use crate::topology::Vm;
use crate::topology::address::{INTERNET_ROUTER, INTERNET_SERVICE, UPLINK, VM_BRIDGE, overlay};
use crate::wait::wait_until;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "readme_hosts",
    about: "the README's deployment, run literally on three hosts with systemd; root only",
    hosts: 3,
    run,
};

/// Where the sources are: README, release build, deploy/, and the unpacked Debian.
const WORKSPACE: &str = "LAB_WORKSPACE";
/// Below it: what `./x drill` unpacks.
const DEBIAN: &str = "target/lab/debian-12";
/// What the README calls the uplink.
const README_UPLINK: &str = "vmbr0";
const OBTAIN: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_millis(500);
const SERVICE: SocketAddr = SocketAddr::new(IpAddr::V4(INTERNET_SERVICE), 80);

fn run(lab: &mut Lab) -> Result<Report> {
    let workspace = PathBuf::from(env::var_os(WORKSPACE).with_context(|| {
        format!("{WORKSPACE} is not set: play this one with `./x drill readme_hosts`")
    })?);
    let text = fs::read_to_string(workspace.join("README.md")).context("reading README.md")?;
    let steps = readme::steps(&text)?;
    ensure!(steps.len() >= 8, "the README has {} steps", steps.len());
    prepare_networks(lab)?;
    let keys = make_keys(&steps, &workspace, lab.dir())?;
    let hosts = boot_hosts(lab, &workspace, &keys)?;
    play(&hosts, &steps)?;
    let mut report = Report::new();
    let verdict = first_line(&hosts[0].run("gatewayctl status")?);
    ensure!(
        verdict.starts_with("HEALTHY: 3 of 3"),
        "host 1 says {verdict}"
    );
    report.figure("verdict of host 1", verdict);
    let clients = clients_are_served(lab)?;
    let _ssh = reach::ssh_on_every_host(lab)?;
    let vms: Vec<Vm> = clients.iter().map(|client| client.vm().clone()).collect();
    let tried = reach::check(lab, &vms.iter().collect::<Vec<_>>(), &mut report)?;
    report.figure("connections of the table", tried);
    Ok(report)
}

/// As the README finds the hosts: an uplink of that name, a bridge without an address of its own.
fn prepare_networks(lab: &Lab) -> Result<()> {
    for host in lab.topology().hosts() {
        host.netns().ip(&format!(
            "link set {UPLINK} down\n\
             link set {UPLINK} name {README_UPLINK}\n\
             link set {README_UPLINK} up\n\
             route add default via {INTERNET_ROUTER}\n\
             addr del {}/24 dev {VM_BRIDGE}\n",
            overlay(host.node())
        ))?;
    }
    Ok(())
}

fn make_keys(steps: &[Step], workspace: &Path, dir: &Path) -> Result<PathBuf> {
    let place = dir.join("keys");
    fs::create_dir_all(&place).context("making a place for the keys")?;
    symlink(workspace.join("target"), place.join("target")).context("linking target/")?;
    for step in steps.iter().filter(|step| step.place == Where::Keys) {
        let mut shell = Command::new("/bin/bash");
        run_command(shell.args(["-euc", &step.script]).current_dir(&place))?;
    }
    Ok(place.join("gatewayd-pki"))
}

/// Boots the hosts and copies to each what the README says.
fn boot_hosts(lab: &Lab, workspace: &Path, keys: &Path) -> Result<Vec<Container>> {
    let boot = |node: u8| {
        let netns = lab.topology().host(node).netns();
        let name = format!("host{node}");
        let host = Container::boot(&name, &workspace.join(DEBIAN), netns, lab.dir())?;
        let install = host.root().join("root/install");
        let mut copy = Command::new("cp");
        copy.arg("-r")
            .arg(workspace.join("target/release/gatewayd"))
            .arg(workspace.join("target/release/gatewayctl"))
            .arg(workspace.join("deploy/systemd"))
            .arg(keys.join(format!("node-{node}")))
            .arg(&install);
        run_command(&mut copy)?;
        Ok(host)
    };
    (1..=lab.host_count()).map(boot).collect()
}

/// The steps for every host, by what they do.
struct HostSteps<'a> {
    network: &'a Step,
    configure: &'a Step,
    start: &'a Step,
}

impl<'a> HostSteps<'a> {
    fn find(steps: &'a [Step]) -> Result<Self> {
        let with = |text: &str| {
            let found = steps.iter().find(|step| step.script.contains(text));
            found.with_context(|| format!("no step of the README has {text:?}"))
        };
        Ok(Self {
            network: with("ip addr add")?,
            configure: with("gatewayd check")?,
            start: with("systemctl enable")?,
        })
    }
}

/// Every step in its order, each on all of its hosts before the next. On host 1 the first is forgotten,
/// and made up for when gatewayd has said what is missing.
fn play(hosts: &[Container], steps: &[Step]) -> Result<()> {
    let known = HostSteps::find(steps)?;
    for step in steps {
        let nodes = match step.place {
            Where::EveryHost => hosts.len(),
            Where::FirstHost => 1,
            Where::Keys | Where::Build => 0,
        };
        for (host, node) in hosts.iter().zip(1..).take(nodes) {
            match node {
                1 if step == known.network => continue,
                1 if step == known.configure => forgotten_address(host, &known)?,
                _ => {}
            }
            host.run(&script(step, node))
                .with_context(|| format!("on host {node}"))?;
        }
    }
    Ok(())
}

/// Without its bridge address the host says what is missing, and the steps are repeated as they stand.
fn forgotten_address(host: &Container, known: &HostSteps<'_>) -> Result<()> {
    for step in [known.configure, known.start] {
        let tried = host.attempt(&script(step, 1))?;
        ensure!(
            !tried.status.success(),
            "went well without an address: {}",
            step.script
        );
    }
    let log = host.run("journalctl --unit=gatewayd --no-pager")?;
    ensure!(
        log.contains("10.15.3.10"),
        "the log does not name the address: {log}"
    );
    host.run(&script(known.network, 1))?;
    Ok(())
}

/// As a person at host `node` runs it, in a shell that knows the number.
fn script(step: &Step, node: u8) -> String {
    format!("N={node}\n{}", step.for_host(node))
}

fn clients_are_served(lab: &mut Lab) -> Result<Vec<Udhcpc>> {
    let _service = RunningService::start(lab.topology().internet().netns(), SERVICE, lab.dir())?;
    let dir = lab.dir().to_owned();
    let mut clients: Vec<_> = lab
        .add_vm_per_host()?
        .into_iter()
        .map(|vm| Udhcpc::new(vm, dir.clone()))
        .collect();
    for client in &mut clients {
        client.obtain(OBTAIN)?;
        wait_until("the way to the internet", OBTAIN, || {
            Ok(client
                .vm()
                .netns()
                .enter(|| fetch_tcp(SERVICE, CONNECT))
                .ok())
        })?;
    }
    Ok(clients)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
