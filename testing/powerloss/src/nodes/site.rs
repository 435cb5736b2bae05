//! Three nodes on the loopback, each with a disk of its own that can lose its power.

use super::PATIENCE;
use super::process::NodeProcess;
use super::protocol::{Beginning, How};
use crate::scratch::scratch;
use anyhow::{Context, Result, bail};
use faultfs::{Device, Image, Mounted, Survival, Sync};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How many nodes there are.
pub(super) const NODES: u8 = 3;
/// How often a condition is looked at.
pub(super) const POLL: Duration = Duration::from_millis(5);

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

    pub(super) fn device(&self, node: u8) -> &Device {
        &self.disks[usize::from(node)].device
    }

    /// From now on every disk says that what it was asked to sync is durable, and does nothing.
    pub(super) fn lie(&self) {
        for disk in &self.disks {
            disk.device.set_faults(|faults| faults.sync = Sync::Lie);
        }
    }

    /// When the power of `first` goes, that of the others goes with it.
    pub(super) async fn go_with(&self, first: u8, others: &[(u8, Survival)]) {
        while self.device(first).is_on() {
            sleep(POLL).await;
        }
        for (other, survival) in others {
            self.device(*other).cut(*survival);
        }
    }

    /// Writes down what is on the disks.
    pub(super) fn keep(&self, place: &Path) -> Result<()> {
        for (node, disk) in self.disks.iter().enumerate() {
            let image = disk.device.live_image();
            image.copy_to(&place.join(format!("node-{}", node + 1)))?;
        }
        Ok(())
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
    let deadline = Instant::now() + PATIENCE;
    for node in nodes {
        while let Some(reason) = node.not_serving_reason().await? {
            if Instant::now() > deadline {
                bail!(
                    "node {} is still silent after {PATIENCE:?}: {reason}",
                    node.number()
                );
            }
            sleep(POLL).await;
        }
    }
    Ok(())
}
