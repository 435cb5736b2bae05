//! A road to a host that takes as long as one says, where the kernel has no netem: a relay on the host itself
//! holds back what goes to its peer port, and what comes back.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::netns::Netns;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// Chunks under way each way: what a slow reader cannot take stays with the sender.
const UNDER_WAY: usize = 1024;

/// How long one way takes, in microseconds. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Delay(Arc<AtomicU64>);

impl Delay {
    /// From now on a way and back take as long as that.
    pub fn set_round_trip(&self, round_trip: Duration) {
        let micros = u64::try_from(round_trip.as_micros() / 2).unwrap_or(u64::MAX);
        self.0.store(micros, Ordering::SeqCst);
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Relays, on the host in `netns` and as long as this process lives, what comes to `listen` to `target`.
pub fn relay(netns: &Netns, listen: SocketAddr, target: SocketAddr, delay: &Delay) -> Result<()> {
    let delay = delay.clone();
    netns.enter(move || {
        let listener = TcpListener::bind(listen);
        let listener = listener.with_context(|| format!("binding {listen}"))?;
        // A thread is in the namespace of the one that starts it.
        thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let delay = delay.clone();
                thread::spawn(move || join(&from, target, &delay));
            }
        });
        Ok(())
    })
}

/// A target that does not answer is a connection that ends.
fn join(from: &TcpStream, target: SocketAddr, delay: &Delay) {
    let Ok(to) = TcpStream::connect(target) else {
        return;
    };
    for stream in [from, &to] {
        stream.set_nodelay(true).ok();
    }
    thread::scope(|scope| {
        for (from, to) in [(from, &to), (&to, from)] {
            let (sender, receiver) = sync_channel(UNDER_WAY);
            scope.spawn(move || take(from, &sender, delay));
            scope.spawn(move || give(to, &receiver));
        }
    });
}

fn take(mut from: &TcpStream, sender: &SyncSender<(Instant, Vec<u8>)>, delay: &Delay) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        let due = Instant::now() + delay.now();
        if sender.send((due, chunk[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn give(mut to: &TcpStream, receiver: &Receiver<(Instant, Vec<u8>)>) {
    for (due, chunk) in receiver {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&chunk).is_err() {
            break;
        }
    }
    // Both ways: one half without the other is of no use to anybody.
    to.shutdown(Shutdown::Both).ok();
}
