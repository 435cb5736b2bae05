//! Nodes of this process that reach each other without a network, on disks that can hang.

use cluster::{Cluster, ConnectError, Connector, PeerChannel, PeerHandler, Start, Surroundings};
use ipam::NodeId;
use raft_store::storage_env::*;
use raft_store::{OpenOptions, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::sleep;
use tonic::Status;
use tonic::codegen::http;
use tower::ServiceExt;

use super::Site;

/// Who is where, and which requests are lost.
#[derive(Clone, Default)]
pub struct Wires(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    handlers: BTreeMap<String, PeerHandler>,
    /// Addresses that get no Raft log.
    cut_off_from_the_log: BTreeSet<String>,
    /// How long a request and its answer take together.
    round_trip: Duration,
    /// Of a hundred segments that carry one so many are lost, and sent again by TCP.
    loss: u32,
}

impl Wires {
    /// Starts a node on `disk`; the others reach it by its configured address.
    pub async fn start(&self, site: &Site, node: u64, disk: &HangingDisk) -> Cluster {
        let config = site.config(node);
        let options = OpenOptions::new(&config.data_dir, node);
        let store = raft_store::open_on(Arc::new(disk.clone()), &options).unwrap();
        let connector = Arc::new(self.clone());
        let surroundings = Surroundings { store, connector };
        let (cluster, handler) = Cluster::start_in(config, surroundings).await.unwrap();
        let mut ends = self.0.lock().unwrap();
        ends.handlers.insert(site.address(node), handler);
        cluster
    }

    /// Three nodes, up and in service.
    pub async fn up(&self, site: &Site, disks: &[HangingDisk]) -> Vec<Cluster> {
        let mut nodes = Vec::new();
        for (node, disk) in (1..).zip(disks) {
            let cluster = self.start(site, node, disk).await;
            let how = match node {
                1 => super::bootstrap(),
                _ => Start::Join(vec![site.address(1)]),
            };
            cluster.begin(&how).await.unwrap();
            nodes.push(cluster);
        }
        for node in &nodes {
            super::in_service(node).await;
        }
        nodes
    }

    /// From now on an answer takes as long as that.
    pub fn set_round_trip(&self, round_trip: Duration) {
        self.0.lock().unwrap().round_trip = round_trip;
    }

    /// From now on so many of a hundred are lost on the way, there and back.
    pub fn lose(&self, loss: u32) {
        self.0.lock().unwrap().loss = loss;
    }

    async fn travel(&self) {
        let (round_trip, loss) = {
            let ends = self.0.lock().unwrap();
            (ends.round_trip, ends.loss)
        };
        // TCP sends a segment again when two round trips have passed, a second at least (RFC 6298), then after
        // twice as long.
        let mut again = (2 * round_trip).max(Duration::from_secs(1));
        while rand::random_range(0..100) < loss {
            sleep(again).await;
            again *= 2;
        }
        if !round_trip.is_zero() {
            sleep(round_trip / 2).await;
        }
    }

    /// From now on the node at `address` is sent no entries.
    pub fn cut_off_from_the_log(&self, address: &str) {
        let mut ends = self.0.lock().unwrap();
        ends.cut_off_from_the_log.insert(address.to_owned());
    }

    fn handler(&self, address: &str, path: &str) -> Result<PeerHandler, Status> {
        let ends = self.0.lock().unwrap();
        if ends.cut_off_from_the_log.contains(address) && path.ends_with("/Append") {
            return Err(Status::unavailable("cut off"));
        }
        let handler = ends.handlers.get(address).cloned();
        handler.ok_or_else(|| Status::unavailable("nobody is there"))
    }
}

impl Connector for Wires {
    fn connect(&self, address: &str, _: Option<NodeId>) -> Result<PeerChannel, ConnectError> {
        let (wires, address) = (self.clone(), address.to_owned());
        let carry = move |request: http::Request<_>| {
            let handler = wires.handler(&address, request.uri().path());
            let wires = wires.clone();
            async move {
                wires.travel().await;
                let answer = handler?.oneshot(request).await.unwrap();
                wires.travel().await;
                Ok(answer)
            }
        };
        Ok(PeerChannel::new(tower::service_fn(carry)))
    }
}

/// This machine's disk, until it hangs: then a sync of the log does not return, or a snapshot gets no name.
#[derive(Clone, Debug, Default)]
pub struct HangingDisk(Arc<(Mutex<Hanging>, Condvar)>);

#[derive(Debug, Default)]
struct Hanging {
    log: bool,
    snapshots: bool,
    /// Snapshots that wait for their names.
    nameless: usize,
    /// Files of received snapshots that were read and removed.
    received: usize,
}

impl HangingDisk {
    pub fn hang(&self) {
        self.lock().log = true;
    }

    pub fn hang_snapshots(&self) {
        self.lock().snapshots = true;
    }

    pub fn mend(&self) {
        let mut hanging = self.lock();
        (hanging.log, hanging.snapshots) = (false, false);
        self.0.1.notify_all();
    }

    /// How many snapshots have been received, and how many wait for their names.
    pub fn snapshots(&self) -> (usize, usize) {
        let hanging = self.lock();
        (hanging.received, hanging.nameless)
    }

    fn lock(&self) -> MutexGuard<'_, Hanging> {
        self.0.0.lock().unwrap()
    }

    fn pass(&self) {
        drop(self.0.1.wait_while(self.lock(), |hangs| hangs.log).unwrap());
    }

    fn pass_snapshot(&self) {
        let mut hanging = self.lock();
        hanging.nameless += 1;
        let mut hanging = self
            .0
            .1
            .wait_while(hanging, |hangs| hangs.snapshots)
            .unwrap();
        hanging.nameless -= 1;
    }
}

impl StorageEnv for HangingDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        OsEnv.create_dir_all(path)
    }
    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        OsEnv.remove_dir_all(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        OsEnv.sync_dir(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        OsEnv.list(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        OsEnv.exists(path)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        OsEnv.read(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        OsEnv.create(path)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        OsEnv.open(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if to
            .parent()
            .is_some_and(|parent| parent.ends_with("snapshots"))
        {
            self.pass_snapshot();
        }
        OsEnv.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap().to_string_lossy();
        self.lock().received += usize::from(name.starts_with("incoming-"));
        OsEnv.remove_file(path)
    }
    fn lock(&self, path: &Path) -> Result<Held, TryLockError> {
        OsEnv.lock(path)
    }
    fn open_database(&self, directory: &Path) -> Result<Arc<dyn KeyValueStore>, StoreError> {
        Ok(Arc::new(HangingDatabase {
            database: OsEnv.open_database(directory)?,
            disk: self.clone(),
        }))
    }
}

struct HangingDatabase {
    database: Arc<dyn KeyValueStore>,
    disk: HangingDisk,
}

impl KeyValueStore for HangingDatabase {
    fn get(&self, table: Table, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.database.get(table, key)
    }
    fn range(&self, table: Table, keys: KeyRange) -> Pairs<'_> {
        self.database.range(table, keys)
    }
    fn apply(&self, table: Table, changes: Vec<Change<'_>>) -> io::Result<()> {
        self.database.apply(table, changes)
    }
    fn sync(&self) -> io::Result<()> {
        self.disk.pass();
        self.database.sync()
    }
}
