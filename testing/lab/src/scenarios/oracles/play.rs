//! Plays the rows: all servers at once, and several rows at once where the server bears it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

use anyhow::{Context, Result, anyhow};

use super::cases::Case;
use super::explained::NoReplies;
use super::server::DhcpServer;
use super::station::{Spares, Station};

/// What one server said in one row.
pub(super) struct Played {
    pub(super) said: String,
    pub(super) no_replies: NoReplies,
}

/// For each server, in their order, every row in its order.
pub(super) fn against_all(cases: &[Case], servers: &[&dyn DhcpServer]) -> Result<Vec<Vec<Played>>> {
    std::thread::scope(|scope| {
        let started: Vec<_> = servers
            .iter()
            .map(|server| scope.spawn(|| against(cases, *server)))
            .collect();
        started.into_iter().map(ended).collect()
    })
}

fn against(cases: &[Case], server: &dyn DhcpServer) -> Result<Vec<Played>> {
    let (next, spares) = (AtomicUsize::new(0), Spares::new());
    let played = Mutex::new(Vec::new());
    let worker = || {
        server.clients().enter(|| {
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(row) else {
                    return Ok(());
                };
                let outcome = one(case, row, server, &spares)
                    .with_context(|| format!("{:?} against {}", case.name, server.name()))?;
                let mut played = played.lock().map_err(|_| anyhow!("a row panicked"))?;
                played.push((row, outcome));
            }
        })
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..server.at_once()).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(ended).collect::<Result<Vec<()>>>()
    })?;
    let mut played = played.into_inner().map_err(|_| anyhow!("a row panicked"))?;
    played.sort_by_key(|(row, _)| *row);
    Ok(played.into_iter().map(|(_, outcome)| outcome).collect())
}

fn one(case: &Case, row: usize, server: &dyn DhcpServer, spares: &Spares) -> Result<Played> {
    let row = u16::try_from(row).context("too many rows")?;
    let mut station = Station::new(server, spares, row)?;
    let said = (case.play)(&mut station)?;
    let no_replies = NoReplies {
        row: case.name,
        messages: station.unanswered,
    };
    Ok(Played { said, no_replies })
}

fn ended<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(anyhow!("a row panicked")))
}
