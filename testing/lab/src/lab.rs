//! A running lab: the topology, the gateways on it, and where their files are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::fault::{self, UnderlayFaults};
use crate::gateway::{Binaries, Gateway, GatewayConfig, peer_address, pki};
use crate::isolate::Isolation;
use crate::storm::{History, RunningStorm, StormOptions};
use crate::topology::address::overlay;
use crate::topology::{Topology, Vm};

/// What a cluster may take from nothing to answering DHCP.
const SERVICE_DEADLINE: Duration = Duration::from_secs(20);

/// What a scenario works with.
#[derive(Debug)]
pub struct Lab {
    topology: Topology,
    gateways: Vec<Gateway>,
    dir: PathBuf,
    storms: u32,
    /// A host beside those that have nodes of the cluster, once it is needed.
    spare_host: Option<u8>,
}

impl Lab {
    /// Builds the topology with `hosts` hosts; logs and data go to `dir`.
    pub fn new(isolation: &Isolation, hosts: u8, dir: &Path) -> Result<Self> {
        let topology = Topology::build(isolation, hosts)?;
        let lab = Self {
            topology,
            gateways: Vec::new(),
            dir: dir.to_owned(),
            storms: 0,
            spare_host: None,
        };
        lab.faults().install()?;
        Ok(lab)
    }

    /// The cabling.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Where the logs are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Faults on the links between the hosts.
    pub fn faults(&self) -> UnderlayFaults<'_> {
        UnderlayFaults::new(self.topology.underlay(), self.host_count())
    }

    /// `nft flush ruleset` on host `node`.
    pub fn flush_ruleset(&self, node: u8) -> Result<()> {
        fault::flush_ruleset(self.topology.host(node))
    }

    /// Adds a virtual machine on host `node`.
    pub fn add_vm(&mut self, node: u8) -> Result<Vm> {
        self.topology.add_vm(node)
    }

    /// Adds one virtual machine on each host.
    pub fn add_vm_per_host(&mut self) -> Result<Vec<Vm>> {
        (1..=self.host_count())
            .map(|node| self.add_vm(node))
            .collect()
    }

    /// Starts a node on every host and waits until all answer DHCP.
    pub fn start_gateways(&mut self, config: &GatewayConfig) -> Result<()> {
        self.install_gateways(config)?;
        for gateway in &mut self.gateways {
            gateway.start()?;
        }
        self.wait_in_service()
    }

    /// Puts a node on every host, not started.
    pub fn install_gateways(&mut self, config: &GatewayConfig) -> Result<()> {
        let binaries = Binaries::find()?;
        let count = self.host_count();
        pki::make(&binaries, &self.dir, count)?;
        for node in 1..=count {
            let dir = self.dir.join(format!("gw{node}"));
            std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
            let netns = self.topology.host(node).netns().clone();
            let gateway = Gateway::new(node, count, netns, dir, binaries.clone(), config.clone())?;
            self.gateways.push(gateway);
        }
        Ok(())
    }

    /// A node on a host of its own beside the cluster's, not started: it has the number and the configuration
    /// of our node `node`, but the addresses of its host. Its files go to `name` below the lab's directory, and
    /// its certificate comes from the PKI beside that: ours, or another one if `name` has a folder of its own.
    pub fn guest(&mut self, name: &str, node: u8) -> Result<Gateway> {
        let host = match self.spare_host {
            Some(host) => host,
            None => *self.spare_host.insert(self.topology.add_host()?),
        };
        let binaries = Binaries::find()?;
        let count = u8::try_from(self.gateways.len()).context("too many nodes")?;
        let dir = self.dir.join(name);
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        pki::make(&binaries, dir.parent().unwrap_or(&self.dir), count)?;
        let config = self.gateway(node).config().clone().on_a_plain_machine();
        let config = config
            .set("GATEWAY_PEER_LISTEN", peer_address(host))
            .set("GATEWAY_DHCP_LISTEN_IP", overlay(host));
        let netns = self.topology.host(host).netns().clone();
        Gateway::new(node, count, netns, dir, binaries, config)
    }

    /// Waits until every node answers DHCP and knows the whole cluster.
    pub fn wait_in_service(&mut self) -> Result<()> {
        let count = self.gateways.len();
        for gateway in &mut self.gateways {
            gateway.wait_for_status("in service with all members", SERVICE_DEADLINE, |status| {
                let voters = status.members.iter().filter(|m| m.role != "learner");
                status.in_service && voters.count() == count
            })?;
        }
        Ok(())
    }

    /// Waits until every node has applied what the leader has applied now, and returns that entry.
    ///
    /// A node just restarted may be in service a moment before: it answers what is committed, but
    /// what it tells of its own copy is older.
    pub fn wait_level(&mut self) -> Result<u64> {
        let leader = self.leader()?;
        let target = self.gateway(leader).status()?.last_applied;
        for gateway in &mut self.gateways {
            gateway.wait_for_status("level with the leader", SERVICE_DEADLINE, |status| {
                status.last_applied >= target
            })?;
        }
        Ok(target)
    }

    /// Node `node`, counted from 1.
    pub fn gateway(&mut self, node: u8) -> &mut Gateway {
        &mut self.gateways[usize::from(node) - 1]
    }

    /// All nodes.
    pub fn gateways(&mut self) -> &mut [Gateway] {
        &mut self.gateways
    }

    /// Which node leads, according to the first that knows.
    pub fn leader(&mut self) -> Result<u8> {
        crate::wait::wait_until("a leader", SERVICE_DEADLINE, || {
            // A node that is down or electing does not know; another may.
            let known = self.gateways.iter().find_map(|gateway| {
                let status = gateway.status().ok()?;
                status.leader_id
            });
            known.map(u8::try_from).transpose().context("a node number")
        })
    }

    /// Starts a population of clients on `vm`.
    pub fn start_storm(&mut self, vm: &Vm, options: &StormOptions) -> Result<RunningStorm> {
        self.storms += 1;
        let name = format!("storm{}-{}", self.storms, vm.name());
        RunningStorm::start(&name, vm, options, &self.dir)
    }

    /// Splits a population over `vms`, runs it, and returns the merged record.
    pub fn storm(&mut self, vms: &[Vm], options: &StormOptions) -> Result<History> {
        let running = self.start_split_storm(vms, options)?;
        finish_storms(running)
    }

    /// Starts a population split over `vms`; the hardware addresses count on from part to part.
    pub fn start_split_storm(
        &mut self,
        vms: &[Vm],
        options: &StormOptions,
    ) -> Result<Vec<RunningStorm>> {
        let parts = u32::try_from(vms.len()).context("too many machines")?;
        let mut first = 0;
        let mut running = Vec::new();
        for (index, vm) in (0..).zip(vms) {
            let share = options.clients / parts + u32::from(index < options.clients % parts);
            let part = StormOptions {
                clients: share,
                first_mac: options.first_mac.plus(first),
                seed: options.seed.wrapping_add(u64::from(index)),
                ..options.clone()
            };
            first += share;
            running.push(self.start_storm(vm, &part)?);
        }
        Ok(running)
    }

    /// How many hosts there are.
    pub fn host_count(&self) -> u8 {
        // At most address::MAX_HOSTS, which the topology checked.
        self.topology.hosts().len() as u8
    }
}

/// Waits for all parts of a population.
pub fn finish_storms(running: Vec<RunningStorm>) -> Result<History> {
    let parts = running
        .into_iter()
        .map(RunningStorm::finish)
        .collect::<Result<Vec<_>>>()?;
    Ok(History::merge(parts))
}
