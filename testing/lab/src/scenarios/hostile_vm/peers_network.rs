//! Somebody who got onto the peers' network, but has no certificate of the cluster's CA: he gets a
//! connection, and no further. Then with hundreds of connections, while clients are served.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::attempt::{Counted, attempt, attempts};
use super::peer_calls::{call_all, calls};
use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::command::run;
use crate::netns::Netns;
use crate::process::Process;
use crate::report::Report;
use crate::topology::Vm;
use crate::topology::address::{RAFT_PORT, VM_BRIDGE, underlay};
use crate::topology::underlay::BRIDGE;

const NAME: &str = "intruder";
const OBTAIN: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 1200;
/// How long a node that nobody takes in is watched.
const JOINING: Duration = Duration::from_secs(8);

pub(super) fn check(lab: &mut Lab, report: &mut Report) -> Result<Netns> {
    let netns = plug_in()?;
    let name = "from the peers' network without a certificate";
    attempts(lab, report, name, Counted::Elsewhere, |_, report| {
        let nodes: Vec<IpAddr> = (1..=3).map(|node| underlay(node).into()).collect();
        for (call, bytes) in calls(1) {
            let answers = call_all(&netns, &nodes, &bytes)?;
            let ended = ["TLS alert", "closed", "nothing"];
            let told = answers
                .iter()
                .all(|answer| ended.contains(&answer.as_str()));
            ensure!(told, "{call}: {answers:?}");
            report.figure(format!("without a certificate: {call}"), answers.join(", "));
        }
        Ok("none got beyond TLS".to_owned())
    })?;
    let vm = lab.add_vm(2)?;
    many_connections(lab, &netns, vm.clone(), report)?;
    own_node(lab, &netns, report)?;
    Ok(netns)
}

fn plug_in() -> Result<Netns> {
    let netns = Netns::named(NAME);
    run(Command::new("ip").args(["netns", "add", NAME]))?;
    let ip = |words: &str| run(Command::new("ip").args(words.split(' ')));
    ip(&format!(
        "link add {NAME} type veth peer name eth0 netns {NAME}"
    ))?;
    ip(&format!("link set {NAME} master {BRIDGE} up"))?;
    netns.ip("link set lo up\naddr add 172.31.0.99/24 dev eth0\nlink set eth0 up\n")?;
    Ok(netns)
}

/// They say nothing, and are held open. A client is served meanwhile.
fn many_connections(lab: &mut Lab, netns: &Netns, vm: Vm, report: &mut Report) -> Result<()> {
    let held: Vec<TcpStream> = netns.enter(|| {
        let targets = (1..=3).map(|node| SocketAddr::from((underlay(node), RAFT_PORT)));
        let connect = |target: SocketAddr| TcpStream::connect_timeout(&target, CONNECT);
        let held = targets.cycle().take(CONNECTIONS).map(connect);
        held.collect::<Result<_, _>>()
            .context("opening connections")
    })?;
    let mut client = Udhcpc::new(vm, lab.dir().to_owned());
    let address = client.obtain(OBTAIN)?;
    lab.wait_in_service()?;
    drop(held);
    let counted = lab.gateway(1).status()?.peer_refusals;
    for kind in ["no_request", "too_many_connections"] {
        ensure!(counted.get(kind) > Some(&0), "{kind} is not in {counted:?}");
    }
    report.figure(
        format!("{CONNECTIONS} silent connections from one address of the peers' network"),
        format!("a client gets {address}, all nodes in service; node 1 refused {counted:?}"),
    );
    Ok(())
}

/// A node of its own with its own CA, and one without TLS, that ask to join.
fn own_node(lab: &mut Lab, netns: &Netns, report: &mut Report) -> Result<()> {
    let program = lab.gateway(1).binaries().daemon.clone();
    let control = lab.gateway(1).binaries().control.clone();
    let dir = lab.dir().join(NAME);
    std::fs::create_dir_all(&dir).context("a directory for the intruder")?;
    let pki = dir.join("pki");
    for words in [&["init"][..], &["node", "9"]] {
        run(Command::new(&control)
            .arg("pki")
            .args(words)
            .arg("--dir")
            .arg(&pki))?;
    }
    netns.ip(&format!(
        "link add {VM_BRIDGE} type bridge\naddr add 10.15.3.19/24 dev {VM_BRIDGE}\nlink set {VM_BRIDGE} up\n"
    ))?;
    for (whose, secured) in [("its own CA", true), ("no TLS", false)] {
        let name = format!("gatewayd --join from the peers' network with {whose}");
        attempt(lab, report, &name, Counted::Elsewhere, |lab| {
            let mut command = netns.command(&program);
            command.arg("run").env("GATEWAY_NODE_ID", "9");
            command.env("GATEWAY_DATA_DIR", dir.join(whose.replace(' ', "-")));
            command.env("GATEWAY_PEER_LISTEN", "172.31.0.99:7066");
            command.env("GATEWAY_JOIN", "172.31.0.1:7066,172.31.0.2:7066");
            command.env("GATEWAY_DHCP_LISTEN_IP", "10.15.3.19");
            command.env("GATEWAY_DHCP_INTERFACE", VM_BRIDGE);
            match secured {
                true => {
                    let file = |name: &str| pki.join("node-9").join(name);
                    command.env("GATEWAY_TLS_CA", file("ca.crt"));
                    command.env("GATEWAY_TLS_CERT", file("node.crt"));
                    command.env("GATEWAY_TLS_KEY", file("node.key"));
                }
                false => {
                    command.env("GATEWAY_PEER_INSECURE", "yes");
                }
            }
            let mut process = Process::spawn(&whose.replace(' ', "-"), &mut command, lab.dir())?;
            let ended = process.wait(JOINING);
            let log = process.log_of_this_run()?;
            ensure!(ended.is_err(), "the intruder's node has ended: {log}");
            ensure!(!log.contains("in service"), "it says that it serves: {log}");
            process.kill()?;
            Ok("not taken in".to_owned())
        })?;
    }
    Ok(())
}
