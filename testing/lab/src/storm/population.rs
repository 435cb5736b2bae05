//! Runs many clients over one packet socket until all are bound or the deadline passes.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use dhcproto::v4::Message;
use fastrand::Rng;

use super::history::History;
use super::model::Client;
use super::options::StormOptions;
use crate::wire::{MacAddr, PacketSocket, UdpFrame, dhcp};

/// Runs the population in the network namespace of this thread.
pub fn run(options: &StormOptions) -> Result<History> {
    let socket = PacketSocket::open(&options.interface)?;
    let mut population = Population::new(socket, options);
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the wall clock is before 1970")?;
    population.run(Duration::from_secs(options.deadline))?;
    Ok(History {
        started_unix_ms: u64::try_from(since_epoch.as_millis())?,
        clients: population
            .clients
            .iter()
            .map(|client| client.record().clone())
            .collect(),
    })
}

struct Population {
    socket: PacketSocket,
    clients: Vec<Client>,
    by_mac: HashMap<MacAddr, usize>,
    started: Instant,
}

impl Population {
    fn new(socket: PacketSocket, options: &StormOptions) -> Self {
        let mut rng = Rng::with_seed(options.seed);
        let clients: Vec<_> = (0..options.clients)
            .map(|index| {
                let start = options.ramp_ms * u64::from(index) / u64::from(options.clients);
                let mac = options.first_mac.plus(index);
                let rng = rng.fork();
                Client::new(mac, start, options.retransmit_ms, options.broadcast, rng)
            })
            .collect();
        let by_mac = clients.iter().map(|client| client.record().mac);
        Self {
            by_mac: by_mac.zip(0..).collect(),
            socket,
            clients,
            started: Instant::now(),
        }
    }

    fn run(&mut self, limit: Duration) -> Result<()> {
        self.started = Instant::now();
        let deadline = self.started + limit;
        while let Some(due) = self.next_due() {
            let wake = deadline.min(self.started + Duration::from_millis(due));
            if let Some(frame) = self.socket.receive(wake)? {
                self.handle(&frame)?;
            }
            if Instant::now() >= deadline {
                return Ok(());
            }
            self.run_timers()?;
        }
        Ok(())
    }

    /// When the next client wants to act; `None` once all are bound.
    fn next_due(&self) -> Option<u64> {
        self.clients.iter().filter_map(Client::due_ms).min()
    }

    fn run_timers(&mut self) -> Result<()> {
        let now = self.now_ms();
        for client in &mut self.clients {
            if let Some(message) = client.on_timer(now) {
                send(&self.socket, client.record().mac, &message)?;
            }
        }
        Ok(())
    }

    fn handle(&mut self, frame: &[u8]) -> Result<()> {
        let now = self.now_ms();
        let Some(reply) = reply_in(frame) else {
            return Ok(());
        };
        let Some(index) = client_mac(&reply).and_then(|mac| self.by_mac.get(&mac)) else {
            return Ok(());
        };
        let client = &mut self.clients[*index];
        if let Some(message) = client.on_reply(&reply, now) {
            send(&self.socket, client.record().mac, &message)?;
        }
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        // A run is seconds long; the cast cannot cut anything off.
        self.started.elapsed().as_millis() as u64
    }
}

fn send(socket: &PacketSocket, mac: MacAddr, message: &Message) -> Result<()> {
    socket.send(&dhcp::broadcast_frame(mac, &dhcp::encode(message)?)?)
}

fn reply_in(frame: &[u8]) -> Option<Message> {
    let datagram = UdpFrame::decode(frame)?;
    let for_clients = datagram.dst_port == dhcp::CLIENT_PORT;
    for_clients.then(|| dhcp::decode_reply(datagram.payload))?
}

fn client_mac(reply: &Message) -> Option<MacAddr> {
    // dhcproto's chaddr() panics on a length beyond its field.
    (reply.hlen() == 6).then(|| MacAddr::from_slice(reply.chaddr()))?
}
