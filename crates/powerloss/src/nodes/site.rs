//! Three nodes on the loopback, each with a disk of its own that can lose its power.

use super::PATIENCE;
use super::process::NodeProcess;
use super::protocol::{Beginning, How, Standing};
use crate::scratch::scratch;
use anyhow::{Context, Result, bail};
use faultfs::{Device, Image, Mounted, Sync};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How many nodes there are.
pub(super) const NODES: u8 = 3;
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);

/// The nodes' program, disks and addresses.
pub(super) struct Site {
    program: PathBuf,
    disks: Vec<NodeDisk>,
}

struct NodeDisk {
    device: Arc<Device>,
    mounted: Mounted,
    directory: TempDir,
    address: SocketAddr,
}

impl Site {
    pub(super) fn new(program: PathBuf) -> Result<Self> {
        let disks = (0..NODES).map(NodeDisk::new);
        let disks = disks.collect::<Result<_>>()?;
        Ok(Self { program, disks })
    }

    pub(super) fn device(&self, node: usize) -> &Device {
        &self.disks[node].device
    }

    /// What every disk does with a sync from now on.
    pub(super) fn set_sync(&self, sync: Sync) {
        for disk in &self.disks {
            disk.device.set_faults(|faults| faults.sync = sync);
        }
    }

    /// A new cluster of all nodes, in service.
    pub(super) async fn up(&self) -> Result<Vec<NodeProcess>> {
        let mut nodes = vec![self.start(0, How::Bootstrap).await?];
        for node in 1..NODES {
            let join = How::Join(self.disks[0].address);
            nodes.push(self.start(node, join).await?);
        }
        in_service(&mut nodes).await?;
        Ok(nodes)
    }

    /// Starts a node that has data.
    pub(super) async fn restart(&self, node: u8) -> Result<NodeProcess> {
        self.start(node, How::Restart).await
    }

    /// Takes the disks away.
    pub(super) fn down(self) -> Result<()> {
        for disk in self.disks {
            disk.mounted.unmount()?;
        }
        Ok(())
    }

    async fn start(&self, node: u8, how: How) -> Result<NodeProcess> {
        let disk = &self.disks[usize::from(node)];
        let beginning = Beginning {
            node,
            data_dir: disk.directory.path().join("data"),
            address: disk.address,
            how,
        };
        NodeProcess::start(&self.program, &beginning).await
    }
}

impl NodeDisk {
    fn new(node: u8) -> Result<Self> {
        let device = Arc::new(Device::new(Image::default()));
        let directory = scratch()?;
        let mounted = Mounted::new(device.clone(), directory.path())?;
        // Not 127.0.0.1, from where connections go out: one could take the port while a node is down.
        let host = Ipv4Addr::new(127, 10, 15, 10 + node);
        let free = TcpListener::bind((host, 0)).and_then(|socket| socket.local_addr());
        Ok(Self {
            device,
            mounted,
            directory,
            address: free.context("looking for a free port")?,
        })
    }
}

/// Waits until every node serves clients.
pub(super) async fn in_service(nodes: &mut [NodeProcess]) -> Result<()> {
    until("every node is in service", nodes, |standings| {
        standings.iter().all(|standing| standing.in_service)
    })
    .await
}

/// Waits until every node has applied the same entry.
pub(super) async fn caught_up(nodes: &mut [NodeProcess]) -> Result<()> {
    until(
        "every node has applied the same entry",
        nodes,
        |standings| {
            standings
                .windows(2)
                .all(|pair| pair[0].last_applied == pair[1].last_applied)
        },
    )
    .await
}

async fn until(
    what: &str,
    nodes: &mut [NodeProcess],
    condition: impl Fn(&[Standing]) -> bool,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut standings = Vec::new();
        for node in &mut *nodes {
            standings.push(node.standing().await?);
        }
        if condition(&standings) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("{what}: not within {PATIENCE:?}: {standings:?}");
        }
        sleep(POLL).await;
    }
}
