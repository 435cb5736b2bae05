//! Long-lived flows through the nodes' NAT, while operators add and withdraw forwards.
//!
//! On each host are two machines. The first keeps a TCP and a UDP flow to a service beyond the uplink, and is
//! where two flows from there come in by forwards that stay. Two more come in by forwards that a [`landlord`] adds and
//! withdraws, to an address that changes hands between the two machines while nothing leads to it. Every message is
//! numbered, and answered with the name of who answers ([`server`], [`caller`]). A [`meddler`] asks for
//! forwards of the ports that nodes live on, and [`prober`]s try those ports from every machine and from outside.
//!
//! Nothing of a flow leaves its host: what happens to peers and overlay is nothing to it.

pub mod caller;
mod landlord;
mod meddler;
mod prober;
mod server;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use jepsen_tests::history::{Entry, Function, Recorder, Tenant, Value};
use lab::Lab;
use lab::gateway::Control;
use lab::life::Mood;
use lab::netns::Netns;
use lab::topology::Vm;
use lab::topology::address::{INTERNET_SERVICE, VM_INTERFACE, uplink};

use super::clients::Numbers;
use crate::names;
use caller::{Caller, Transport};
use landlord::Landlord;
use meddler::Meddler;
use prober::Prober;
use server::Server;

/// Where everybody answers.
const SERVICE_PORT: u16 = 7000;
/// Where the hosts' own services are.
const SSH: u16 = 22;
/// Who answers beyond the uplinks.
const INTERNET: &str = "internet";
/// The public ports of the forwards that stay are this and the host's number; those of the others the next.
const STEADY_PORT: u16 = 9100;
const CHANGING_PORT: u16 = 9200;

/// Something that goes on during the run, on a thread of its own.
pub type Job<'a> = Box<dyn FnOnce() -> Result<()> + Send + 'a>;

/// What every job of a run needs.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Everything that is seen goes here.
    pub recorder: &'a Recorder,
    /// For operators.
    pub numbers: &'a Numbers,
    /// What the clients are told.
    pub mood: &'a Mood,
    /// Decides what operators do.
    pub seed: u64,
}

/// The machines of one host, and what they are called by.
struct Rooms {
    node: u8,
    host: Netns,
    machines: [Vm; 2],
}

/// Where it all takes place.
pub struct Stage {
    rooms: Vec<Rooms>,
    internet: Netns,
    controls: Vec<Control>,
}

/// The address of the first machine of host `node`, which stays its own. No pool of this workload reaches it.
fn steady(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, 200 + node)
}

/// The address of host `node` that changes hands.
fn rented(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, 210 + node)
}

/// The second machine's own.
fn second(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, 220 + node)
}

impl Stage {
    /// Adds the machines.
    pub fn build(lab: &mut Lab) -> Result<Self> {
        let controls: Vec<_> = lab.gateways().iter().map(|one| one.control()).collect();
        let mut rooms = Vec::new();
        for control in &controls {
            let node = control.node();
            let machines = [lab.add_vm(node)?, lab.add_vm(node)?];
            for (machine, address) in machines.iter().zip([steady(node), second(node)]) {
                machine.set_static_address(address)?;
                // Both listen on the rented address all the time, and have it by turns.
                machine.netns().sysctl(&[("ipv4/ip_nonlocal_bind", "1")])?;
            }
            take(&machines[0], rented(node))?;
            rooms.push(Rooms {
                node,
                host: lab.topology().host(node).netns().clone(),
                machines,
            });
        }
        Ok(Self {
            rooms,
            internet: lab.topology().internet().netns().clone(),
            controls,
        })
    }

    /// Everything that goes on. Servers end with `servers`, all else with the clients.
    pub fn jobs<'a>(&'a self, scene: Scene<'a>, servers: &'a Mood) -> Result<Vec<Job<'a>>> {
        self.announce(scene.recorder)?;
        let mut jobs: Vec<Job<'a>> = Vec::new();
        for server in self.servers() {
            jobs.push(Box::new(move || server.run(servers)));
        }
        for caller in self.callers() {
            jobs.push(Box::new(move || caller.run(scene.recorder, scene.mood)));
        }
        for prober in self.probers() {
            jobs.push(Box::new(move || prober.run(scene.recorder, scene.mood)));
        }
        for rooms in &self.rooms {
            let mut landlord = Landlord::new(rooms, self.controls.clone(), scene);
            jobs.push(Box::new(move || landlord.run()));
        }
        let mut meddler = Meddler::new(steady(1), self.controls.clone(), scene);
        jobs.push(Box::new(move || meddler.run()));
        Ok(jobs)
    }

    /// Who has which address at the start.
    fn announce(&self, recorder: &Recorder) -> Result<()> {
        settled(recorder, INTERNET_SERVICE, Some(INTERNET))?;
        for rooms in &self.rooms {
            let first = rooms.machines[0].name();
            settled(recorder, steady(rooms.node), Some(first))?;
            settled(recorder, rented(rooms.node), Some(first))?;
        }
        Ok(())
    }

    fn servers(&self) -> Vec<Server> {
        let at = |address: Ipv4Addr, port| SocketAddr::from((address, port));
        let service = vec![at(INTERNET_SERVICE, SERVICE_PORT)];
        let mut servers = vec![Server::new(INTERNET, &self.internet, service)];
        for rooms in &self.rooms {
            let node = rooms.node;
            let [first, second] = &rooms.machines;
            let both = [steady(node), rented(node)].map(|address| at(address, SERVICE_PORT));
            servers.push(Server::new(first.name(), first.netns(), both.to_vec()));
            let rented = vec![at(rented(node), SERVICE_PORT)];
            servers.push(Server::new(second.name(), second.netns(), rented));
            let ssh = vec![at(Ipv4Addr::UNSPECIFIED, SSH)];
            servers.push(Server::new(&names::node(node), &rooms.host, ssh));
        }
        servers
    }

    fn callers(&self) -> Vec<Caller> {
        let mut callers = Vec::new();
        for rooms in &self.rooms {
            let node = rooms.node;
            for transport in [Transport::Tcp, Transport::Udp] {
                let protocol = transport.name();
                callers.push(Caller {
                    name: format!("out-{protocol}-{node}"),
                    node: names::node(node),
                    netns: rooms.machines[0].netns().clone(),
                    transport,
                    server: (INTERNET_SERVICE, SERVICE_PORT).into(),
                    public: None,
                    target: format!("{INTERNET_SERVICE}:{SERVICE_PORT}"),
                });
                let ways = [
                    ("in", STEADY_PORT, steady(node)),
                    ("let", CHANGING_PORT, rented(node)),
                ];
                for (name, port, target) in ways {
                    let port = port + u16::from(node);
                    callers.push(Caller {
                        name: format!("{name}-{protocol}-{node}"),
                        node: names::node(node),
                        netns: self.internet.clone(),
                        transport,
                        server: (uplink(node), port).into(),
                        public: Some(format!("{protocol}/{port}")),
                        target: format!("{target}:{SERVICE_PORT}"),
                    });
                }
            }
        }
        callers
    }

    fn probers(&self) -> Vec<Prober> {
        let nodes: Vec<u8> = self.rooms.iter().map(|rooms| rooms.node).collect();
        let machines = self.rooms.iter().map(|rooms| {
            let machine = &rooms.machines[0];
            Prober::inside(machine.name(), machine.netns(), rooms.node, &nodes)
        });
        let outside = Prober::outside(INTERNET, &self.internet, &nodes);
        machines.chain([outside]).collect()
    }
}

/// Writes down who has `address` from now on.
fn settled(recorder: &Recorder, address: Ipv4Addr, by: Option<&str>) -> Result<()> {
    let tenant = Tenant {
        address,
        by: by.map(str::to_owned),
    };
    let entry = Entry::seen(Function::Tenant, None, Value::Tenant(tenant));
    recorder.record(entry).context("writing the history")
}

fn take(machine: &Vm, address: Ipv4Addr) -> Result<()> {
    machine
        .netns()
        .ip(&format!("addr add {address}/24 dev {VM_INTERFACE}\n"))
}

fn give_up(machine: &Vm, address: Ipv4Addr) -> Result<()> {
    machine
        .netns()
        .ip(&format!("addr del {address}/24 dev {VM_INTERFACE}\n"))
}
