//! A simulated node: a machine with a disk and a clock of its own, and the daemon's lives on it.
//!
//! * **What it is.** Each life is a tokio runtime of its own with a paused clock, driven step by step
//!   in the one thread of the run. Its clock goes at its own rate, so that it drifts against the
//!   others'. A crash drops the runtime; a pause leaves it alone and then moves its clock at once.
//! * **Invariants.** Before a runtime is dropped its disk is dead, so that no destructor writes.
//!   Nothing of a life outlives it but what is on the disk, and, if only the process died, in the kernel.
//! * **Time.** tokio's timers know milliseconds. So a node's clock stands on whole milliseconds at
//!   the end of each step, and drift is a millisecond more or less every now and then.

mod daemon;
mod leases;
mod nat;

pub use daemon::{Boot, Place, Seen, Window};

use crate::disk::{Crash, Disk};
use crate::lan::LanPort;
use crate::network::{CallId, Host, PeerNetwork, PeerRequest, answer};
use crate::sometimes::Sightings;
use cluster::Cluster;
use natd::kernel::fake::FakeKernel;
use operator::{NodeStatus, Operations};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep_until};

/// Whether a runtime's randomness follows from a seed in this build.
pub const REPRODUCIBLE: bool = cfg!(tokio_unstable);

/// A machine and its node.
pub struct Node {
    /// Its machine's number.
    pub host: Host,
    /// What its node is given.
    pub boot: Boot,
    /// Its disk.
    pub disk: Disk,
    /// How fast its clock goes.
    pub rate: f64,
    /// It belongs to the machine: rules outlive the process, and not the power.
    kernel: FakeKernel,
    life: Option<Life>,
    lives: u64,
}

/// One life of the daemon.
struct Life {
    runtime: Runtime,
    window: Window,
    port: LanPort,
    /// When it began, on the world's clock and on its own.
    began: Duration,
    origin: Instant,
    /// What its own clock shows, in milliseconds.
    shows: u64,
    paused: bool,
    /// It was paused, and its clock does not know yet.
    resumed: bool,
}

impl Node {
    /// A machine whose node does not run yet.
    #[must_use]
    pub fn new(boot: Boot, disk: Disk, rate: f64) -> Self {
        Self {
            host: boot.host,
            boot,
            disk,
            rate,
            kernel: FakeKernel::new(),
            life: None,
            lives: 0,
        }
    }

    /// Starts the node.
    pub fn start(
        &mut self,
        network: &PeerNetwork,
        sightings: &Sightings,
        now: Duration,
        seed: u64,
    ) -> io::Result<()> {
        self.lives += 1;
        let runtime = runtime(seed)?;
        let (window, port) = (Window::default(), LanPort::default());
        let place = Place {
            disk: self.disk.clone(),
            network: network.clone(),
            port: port.clone(),
            kernel: self.kernel.clone(),
            sightings: sightings.clone(),
        };
        runtime.spawn(daemon::run(self.boot.clone(), place, window.clone()));
        let origin = runtime.block_on(async { Instant::now() });
        self.life = Some(Life {
            runtime,
            window,
            port,
            began: now,
            origin,
            shows: 0,
            paused: false,
            resumed: false,
        });
        Ok(())
    }

    /// Ends the node's life as `crash` says.
    pub fn crash(&mut self, crash: Crash) {
        self.disk.crash(crash);
        if crash == Crash::Power {
            self.kernel = FakeKernel::new();
        }
        self.life = None;
    }

    /// Stops or continues the node's process.
    pub fn set_paused(&mut self, paused: bool) {
        if let Some(life) = &mut self.life {
            life.resumed |= life.paused && !paused;
            life.paused = paused;
        }
    }

    /// Runs the node up to `now`. A node that is down or paused does nothing.
    pub fn run_until(&mut self, now: Duration) {
        let rate = self.rate;
        if let Some(life) = self.life.as_mut().filter(|life| !life.paused) {
            life.run_until(now, rate);
        }
    }

    /// Hands a peer's request to the node; whether somebody is there to take it.
    pub fn take_request(
        &self,
        network: &PeerNetwork,
        call: CallId,
        from: Host,
        request: PeerRequest,
    ) -> bool {
        let Some(life) = &self.life else {
            return false;
        };
        let Some(handler) = life.window.look(|seen| seen.handler.clone()) else {
            return false;
        };
        life.runtime
            .spawn(answer(network.clone(), handler, call, from, request));
        true
    }

    /// Has an operator ask the node for something, in a task of it.
    pub fn ask(&self, work: impl FnOnce(Arc<::node::Node>) -> BoxedWork) {
        if let Some(life) = &self.life
            && let Some(node) = self.seen(|seen| seen.node.clone()).flatten()
        {
            life.runtime.spawn(work(node));
        }
    }

    /// Has the node do something of its own, in a task.
    pub fn spawn(&self, work: impl FnOnce(Cluster) -> BoxedWork) {
        if let Some(life) = &self.life
            && let Some(cluster) = self.cluster()
        {
            life.runtime.spawn(work(cluster));
        }
    }

    /// Its port on the clients' link, while it is up.
    #[must_use]
    pub fn port(&self) -> Option<&LanPort> {
        self.life.as_ref().map(|life| &life.port)
    }

    /// Its machine's kernel.
    #[must_use]
    pub const fn kernel(&self) -> &FakeKernel {
        &self.kernel
    }

    /// Looks at what can be seen of it, while it is up.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> Option<T> {
        self.life.as_ref().map(|life| life.window.look(look))
    }

    /// The node's part of the cluster, once its store is open.
    #[must_use]
    pub fn cluster(&self) -> Option<Cluster> {
        self.seen(|seen| seen.cluster().cloned())?
    }

    /// Its status, as an operator gets it.
    #[must_use]
    pub fn status(&self) -> Option<NodeStatus> {
        let life = self.life.as_ref()?;
        let node = self.seen(|seen| seen.node.clone())??;
        let _clock = life.runtime.enter();
        Some(Operations::new(node).status())
    }

    /// Looks at something that depends on the node's clock.
    pub fn look<T>(&self, look: impl FnOnce(&Cluster) -> T) -> Option<T> {
        let life = self.life.as_ref()?;
        let cluster = self.cluster()?;
        let _clock = life.runtime.enter();
        Some(look(&cluster))
    }

    /// Whether it runs, paused or not.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.life.is_some()
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.life.as_ref().is_some_and(|life| life.paused)
    }

    /// Whether it was stopped by its disk: its store has failed, or it did not open, or it says that it has to
    /// be started anew.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let reason = self
            .look(Cluster::service)
            .and_then(|now| now.not_serving_reason);
        let says = ["its storage failed", "restart gatewayd"];
        if reason.is_some_and(|reason| says.iter().any(|says| reason.contains(says))) {
            return true;
        }
        let stopped = |cluster: &Cluster| cluster.storage_error().is_some();
        let failed = |seen: &Seen| seen.failure.is_some() || seen.cluster().is_some_and(stopped);
        self.seen(failed).unwrap_or(false)
    }

    /// Whether its disk is made to fail.
    #[must_use]
    pub fn disk_is_broken(&self) -> bool {
        let faults = self.disk.faults();
        faults.full || faults.failing_sync
    }

    /// How often it has been started.
    #[must_use]
    pub const fn lives(&self) -> u64 {
        self.lives
    }
}

/// Work for a node.
pub type BoxedWork = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Life {
    fn run_until(&mut self, now: Duration, rate: f64) {
        let elapsed = (now - self.began).mul_f64(rate);
        let target = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let jump = Duration::from_millis(target - self.shows);
        let end = self.origin + Duration::from_millis(target);
        self.shows = target;
        let resumed = std::mem::take(&mut self.resumed);
        self.runtime.block_on(async {
            // After a pause the clock has moved on without the process.
            if resumed {
                tokio::time::advance(jump).await;
            }
            sleep_until(end).await;
        });
    }
}

/// A runtime whose time stands still until all tasks wait for it.
fn runtime(seed: u64) -> io::Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    seed_runtime(&mut builder, seed);
    builder.build()
}

#[cfg(tokio_unstable)]
fn seed_runtime(builder: &mut Builder, seed: u64) {
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
}

/// The program refuses to run such a build ([`REPRODUCIBLE`]); the workspace must compile all the
/// same without that cfg.
#[cfg(not(tokio_unstable))]
const fn seed_runtime(_: &mut Builder, _: u64) {}
