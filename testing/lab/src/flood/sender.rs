//! The flood: DISCOVERs of clients that do not exist, with garbage among them, as fast as asked.
//!
//! Each DISCOVER has a random hardware address and transaction in it. The frame's own source address is the port's:
//! a hypervisor that checks anything checks that, so it is what an attacker in a machine can send anywhere.

use std::array;
use std::fs;
use std::io::IoSlice;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use dhcproto::v4::MessageType;
use fastrand::Rng;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockType, bind, sendmmsg, socket,
};

use crate::wire::socket::link_address;
use crate::wire::{ETHERNET_HEADER, MacAddr, dhcp};

/// Frames handed to the kernel in one call.
const BATCH: usize = 64;
/// One frame in so many is garbage.
const GARBAGE_IN: usize = 8;
const GARBAGE_BYTES: usize = 300;
/// What the kernel can take of frames is taken up again after this long.
const PAUSE: Duration = Duration::from_micros(200);
const UDP_CHECKSUM: usize = ETHERNET_HEADER + 20 + 6;
const PAYLOAD: usize = ETHERNET_HEADER + 20 + 8;
const XID: usize = PAYLOAD + 4;
const HARDWARE: usize = PAYLOAD + 28;

/// What to send.
#[derive(Debug, Clone)]
pub struct FloodOptions {
    /// The interface, in the network namespace of the calling thread.
    pub interface: String,
    /// Its hardware address.
    pub source: MacAddr,
    /// Frames a second to aim at.
    pub per_second: u64,
    /// How long.
    pub duration: Duration,
    /// Of everything random.
    pub seed: u64,
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloodRecord {
    /// Frames that the kernel took.
    pub sent: u64,
    /// In this time.
    pub took: Duration,
    /// Processor time of that, the kernel's included: a frame goes through the bridges, and to the sockets that
    /// hear it, in the call that sends it.
    pub processor: Duration,
}

impl FloodRecord {
    /// Frames a second, as really sent.
    pub fn per_second(&self) -> u64 {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        self.sent.saturating_mul(1000) / millis.max(1)
    }

    /// Processor time for one frame, from the sender to the last socket.
    pub fn nanos_per_frame(&self) -> u128 {
        self.processor.as_nanos() / u128::from(self.sent.max(1))
    }
}

/// Sends until the time is up. Behind its pace it sends without a pause.
pub fn run(options: &FloodOptions) -> Result<FloodRecord> {
    let socket = sending_socket(&options.interface)?;
    let mut rng = Rng::with_seed(options.seed);
    let mut frames = frames(options.source)?;
    let mut headers = MultiHeaders::<LinkAddr>::preallocate(BATCH, None);
    let before = processor_time()?;
    let started = Instant::now();
    let mut sent = 0;
    loop {
        let elapsed = started.elapsed();
        if elapsed >= options.duration {
            let processor = processor_time()?.saturating_sub(before);
            let took = elapsed;
            return Ok(FloodRecord {
                sent,
                took,
                processor,
            });
        }
        if sent >= due(options.per_second, elapsed) {
            thread::sleep(PAUSE);
            continue;
        }
        for (number, frame) in frames.iter_mut().enumerate() {
            vary(frame, number, &mut rng);
        }
        sent += send(&socket, &mut headers, &frames)?;
    }
}

fn due(per_second: u64, elapsed: Duration) -> u64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    micros.saturating_mul(per_second) / 1_000_000
}

/// What this thread has had of the processors.
fn processor_time() -> Result<Duration> {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat")
        .context("reading a thread's processor time")?;
    let nanos = schedule.split_whitespace().next().map(str::parse);
    let nanos = nanos.with_context(|| format!("a thread's times: {schedule:?}"))?;
    nanos
        .map(Duration::from_nanos)
        .with_context(|| format!("a thread's times: {schedule:?}"))
}

/// A socket that hears nothing.
fn sending_socket(interface: &str) -> Result<OwnedFd> {
    let fd = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .context("opening a packet socket")?;
    bind(fd.as_raw_fd(), &link_address(interface)?)
        .with_context(|| format!("binding a packet socket to {interface}"))?;
    Ok(fd)
}

/// One batch, to be varied in place.
fn frames(source: MacAddr) -> Result<Vec<Vec<u8>>> {
    let discover = dhcp::client_message(MessageType::Discover, source, 0, false);
    let discover = dhcp::encode(&discover)?;
    let garbage = vec![0; GARBAGE_BYTES];
    (0..BATCH)
        .map(|number| {
            let payload = if is_garbage(number) {
                &garbage
            } else {
                &discover
            };
            let mut frame = dhcp::broadcast_frame(source, payload)?;
            // Zero: there is no checksum (RFC 768), so that the payload can vary.
            frame[UDP_CHECKSUM..UDP_CHECKSUM + 2].fill(0);
            Ok(frame)
        })
        .collect()
}

const fn is_garbage(number: usize) -> bool {
    number.is_multiple_of(GARBAGE_IN)
}

fn vary(frame: &mut [u8], number: usize, rng: &mut Rng) {
    if is_garbage(number) {
        return rng.fill(&mut frame[PAYLOAD..]);
    }
    rng.fill(&mut frame[XID..XID + 4]);
    rng.fill(&mut frame[HARDWARE..HARDWARE + 6]);
}

/// How many frames of the batch the kernel took.
fn send(socket: &OwnedFd, headers: &mut MultiHeaders<LinkAddr>, frames: &[Vec<u8>]) -> Result<u64> {
    let slices: [_; BATCH] = array::from_fn(|number| [IoSlice::new(&frames[number])]);
    let nowhere = [None; BATCH];
    let sent = sendmmsg(
        socket.as_raw_fd(),
        headers,
        &slices,
        nowhere,
        [],
        MsgFlags::empty(),
    );
    match sent {
        Ok(taken) => Ok(taken.count() as u64),
        Err(Errno::ENOBUFS | Errno::EINTR) => Ok(0),
        Err(error) => Err(error).context("sending a batch of frames"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::UdpFrame;

    const SOURCE: MacAddr = MacAddr([2, 0xaa, 0, 0, 0, 1]);

    #[test]
    fn varied_discovers_are_discovers_of_others() {
        let mut frames = frames(SOURCE).expect("frames");
        let mut rng = Rng::with_seed(1);
        let before = frames[1].clone();
        vary(&mut frames[1], 1, &mut rng);
        assert_ne!(frames[1], before);
        let datagram = UdpFrame::decode(&frames[1]).expect("a datagram");
        assert_eq!(datagram.src_mac, SOURCE);
        let options = dhcp::raw_options(datagram.payload).expect("whole options");
        assert_eq!(options.get(&53), Some(&vec![1]));
        assert_ne!(&datagram.payload[28..34], &SOURCE.0);
    }

    #[test]
    fn what_was_sent_by_time_and_by_frame() {
        let record = FloodRecord {
            sent: 4000,
            took: Duration::from_secs(2),
            processor: Duration::from_millis(2),
        };
        assert_eq!((record.per_second(), record.nanos_per_frame()), (2000, 500));
    }

    #[test]
    fn the_pace_is_kept() {
        assert_eq!(due(100_000, Duration::from_millis(1500)), 150_000);
    }
}
